package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Host;
import dev.lockstep.evidence.process.Log;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * The run into which faults are injected: the main job on small synthetic images. Checkpoints of 9.5 MB, one per step,
 * so that writing one takes a while; steps of about 0.1 s; an evaluation of seconds after step 8.
 */
final class SmallRuns {
    static final int LAST = 12;

    /** The peer timeout, s. */
    static final int PATIENCE = 3;

    /** How long survivors may take to name a culprit, ms. */
    static final long LIMIT = 5000;

    /** What survivors report about a process that has ended unseen by our launcher. */
    static final String VANISHED = "ended without deregistering";

    private static final int LONG_EVALUATION = 6000;

    private final Stage stage;
    private final RunFolder untouched;
    private final int validation;

    /** Trains the undisturbed run. */
    SmallRuns(Stage stage) throws IOException, InterruptedException {
        this(stage, LONG_EVALUATION);
    }

    /** As {@link #SmallRuns(Stage)}, with an evaluation of this many images. */
    SmallRuns(Stage stage, int validation) throws IOException, InterruptedException {
        this.stage = stage;
        this.validation = validation;
        untouched = stage.run("untouched");
        stage.require(command(untouched), "untouched.log");
        if (untouched.weights().isEmpty()) {
            throw new IllegalStateException("the untouched run has no weights");
        }
    }

    private SmallRuns(Stage stage, RunFolder untouched) {
        this.stage = stage;
        this.untouched = untouched;
        validation = LONG_EVALUATION;
    }

    /** For scenarios that compare with no other run. */
    static SmallRuns withoutReference(Stage stage) {
        return new SmallRuns(stage, stage.run("untouched"));
    }

    RunFolder untouched() {
        return untouched;
    }

    Command command(RunFolder out, String... options) {
        return stage.train(
                        "fashion-mnist.yaml",
                        out,
                        "--set",
                        "data.dataset=synthetic:images=512,validation=" + validation + ",shape=1x8x8,classes=10",
                        "--set",
                        "model.width=64",
                        "--set",
                        "images-per-worker=8",
                        "--checkpoint-every",
                        "1",
                        "--stop-after",
                        Integer.toString(LAST))
                .with(options);
    }

    Running launch(RunFolder out, String... options) throws IOException {
        return stage.start(command(out, options), logName(out));
    }

    static String logName(RunFolder out) {
        return out.path().getFileName() + ".log";
    }

    static String[] on(int processes) {
        return new String[] {"--procs", Integer.toString(processes), "--lanes", "1"};
    }

    static String[] patient(int processes, String... more) {
        String[] options = {
            "--procs", Integer.toString(processes), "--lanes", "1", "--peer-timeout", Integer.toString(PATIENCE)
        };
        return Stream.of(options, more).flatMap(Stream::of).toArray(String[]::new);
    }

    boolean endsAsUntouched(RunFolder out) {
        return out.weights().equals(untouched.weights());
    }

    /** Resumes a run and claims that it ends with all tensors of the untouched one. */
    Running resume(Case claims, RunFolder out, String... options) throws IOException, InterruptedException {
        Running resumed = stage.complete(command(out, options), out.path().getFileName() + ".resumed.log");
        claims.claim(resumed.exitCode() == 0, "not resumed: " + resumed.exitCode());
        claims.claim(out.sameAs(untouched), "resumed to other weights");
        return resumed;
    }

    /** Claims the exit code of a process, whose end it waits for. */
    static void exits(Case claims, Running process, int code) throws InterruptedException {
        claims.equal("exit code", code, process.exitCode());
    }

    static void gone(Case claims, List<? extends Member> processes) {
        claims.claim(Await.within(5000, () -> processes.stream().allMatch(Member::gone)), "processes are left");
    }

    /** A victim's cause of death as its survivors name it, a regular expression. */
    static String cause(Signal signal) {
        return signal == Signal.KILL
                ? "was killed by signal 9 \\(SIGKILL\\), exit status 137"
                : "gave no sign of life for " + PATIENCE + " s";
    }

    /** How long survivors may take, ms. */
    static long allowed(Signal signal) {
        return signal == Signal.KILL ? LIMIT : PATIENCE * 1000L + LIMIT;
    }

    /** Claims that a log names the culprit with its host and the cause, at most this many milliseconds after a moment. */
    static void names(
            Case claims, Log log, String who, int culprit, String host, String cause, long since, long allowed) {
        String line = "^error: rank " + culprit + " on " + host + " " + cause;
        long left = Math.max(0, allowed - Await.millisSince(since));
        claims.claim(Await.within(left, () -> log.says(line)), who + " did not name rank " + culprit);
    }

    static String host() {
        return Host.local();
    }

    static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    /** A file with the secret of a group. */
    static Path secret(Stage stage) throws IOException {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        Path file = Files.createFile(
                stage.path("secret"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, HexFormat.of().formatHex(bytes));
    }
}
