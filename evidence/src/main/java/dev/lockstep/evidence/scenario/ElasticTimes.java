package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a loss costs an elastic run: the seconds from a signal to the next finished step, with four processes; and what a process
 * holds that survives many losses.
 */
final class ElasticTimes {
    private static final int PROCESSES = 4;
    private static final int PEER_TIMEOUT_SECONDS = 2;
    private static final int STOPS = 6;
    private static final int SURVIVED = 90;
    /** By then each of the allocator's arenas, 8 a core, has served some thread of a generation. */
    private static final int SETTLED = 40;

    private static final double MOST_MIB_PER_LOSS = 0.5;
    /** More than these runs make before they are told to stop. */
    private static final int LONG = 50_000;

    private static final String CONTINUE = "; [0-9]+ process(?:es)? continues? from step ";

    private final Stage stage;
    private final Settings settings;
    private final Random random;

    private ElasticTimes(Stage stage, Settings settings) {
        this.stage = stage;
        this.settings = settings;
        this.random = new Random(settings.seed());
    }

    static void play(Stage stage, Settings settings) {
        ElasticTimes times = new ElasticTimes(stage, settings);
        stage.check(
                "SIGKILL, P = " + PROCESSES,
                "the median until the next finished step is below 1 s and one step",
                claims -> times.losses(claims, Signal.KILL, settings.kills(), 0));
        stage.check(
                "SIGSTOP, P = " + PROCESSES + ", --peer-timeout " + PEER_TIMEOUT_SECONDS,
                "the median until the next finished step is below the timeout and 1 s and one step",
                claims -> times.losses(claims, Signal.STOP, STOPS, PEER_TIMEOUT_SECONDS));
        stage.check(
                "a process that survives " + SURVIVED + " losses of others, P = " + PROCESSES,
                "as many threads and open files as after " + SETTLED + " losses, memory within " + MOST_MIB_PER_LOSS
                        + " MiB a loss",
                times::survives);
    }

    private void losses(Case claims, Signal signal, int count, int allowed) throws Exception {
        RunFolder run = stage.run("times-" + signal);
        Running launcher = launch(run);
        claims.claim(Await.within(60_000, () -> steps(run) > 0), "no first step");
        List<Double> seconds = new ArrayList<>();
        while (seconds.size() < count && launcher.isAlive()) {
            claims.claim(
                    Await.within(60_000, () -> isWhole(launcher)),
                    "not replaced: " + launcher.log().lastLine());
            Thread.sleep(300 + random.nextInt(1000));
            List<Member> ranks = launcher.anyRanks();
            seconds.add(untilNextStep(launcher, run, ranks.get(random.nextInt(ranks.size())), signal));
        }
        launcher.signal(Signal.TERM);
        launcher.exitCode();
        seconds.sort(Comparator.naturalOrder());
        double step = SmallRuns.median(run.stepSeconds());
        double median = SmallRuns.median(seconds);
        claims.claim(seconds.size() == count, "the run ended after " + seconds.size());
        claims.claim(median < allowed + 1 + step, "median = " + median + " s");
        claims.figure("losses", seconds.size());
        claims.figure("median s", format(median));
        claims.figure("most s", format(seconds.get(seconds.size() - 1)));
        claims.figure("median step, ms", Math.round(1000 * step));
    }

    private Running launch(RunFolder run) throws IOException {
        return stage.start(command(run), run.path().getFileName() + ".log");
    }

    private Command command(RunFolder run) {
        return Chaos.train(
                stage,
                LONG,
                run,
                "--procs",
                Integer.toString(PROCESSES),
                "--elastic",
                "1:" + PROCESSES,
                "--peer-timeout",
                Integer.toString(PEER_TIMEOUT_SECONDS));
    }

    /** Kills all but the process that was rank 0 at first, in turns, and looks at what it holds. */
    private void survives(Case claims) throws Exception {
        RunFolder run = stage.run("survivor");
        // The heap has its final size from the start, so that memory that grows is native.
        Running launcher = stage.start(
                command(run).env("LOCKSTEP_JAVA_OPTIONS", "-Xms256m -Xmx256m -XX:+AlwaysPreTouch"), "survivor.log");
        claims.claim(Await.within(60_000, () -> steps(run) > 0), "no first step");
        Member survivor = launcher.ranks(PROCESSES).get(0);
        Held settled = Held.by(survivor);
        for (int losses = 1; losses <= SURVIVED && launcher.isAlive(); losses++) {
            List<Member> others = launcher.anyRanks().stream()
                    .filter(rank -> rank.pid() != survivor.pid())
                    .toList();
            untilNextStep(launcher, run, others.get(random.nextInt(others.size())), Signal.KILL);
            claims.claim(
                    Await.within(60_000, () -> isWhole(launcher)),
                    "not replaced: " + launcher.log().lastLine());
            Thread.sleep(300);
            if (losses == SETTLED) {
                settled = Held.by(survivor);
            }
        }
        Held last = Held.by(survivor);
        launcher.signal(Signal.TERM);
        launcher.exitCode();
        double perLoss = (last.mib - settled.mib) / (SURVIVED - SETTLED);
        claims.claim(last.threads <= settled.threads, "threads: " + settled.threads + ", then " + last.threads);
        claims.claim(last.files <= settled.files, "open files: " + settled.files + ", then " + last.files);
        claims.claim(perLoss <= MOST_MIB_PER_LOSS, "memory grows by " + perLoss + " MiB a loss");
        claims.figure("threads", settled.threads + ", " + last.threads);
        claims.figure("open files", settled.files + ", " + last.files);
        claims.figure("MiB", String.format(Locale.ROOT, "%.0f, %.0f", settled.mib, last.mib));
    }

    /** What a process holds: threads, open files, and memory after a collection. */
    private record Held(int threads, int files, double mib) {
        static Held by(Member process) throws IOException {
            // Memory that waits for a collection is no leak.
            Jdk.jcmd(process, "GC.run");
            try (Stream<Path> files = Files.list(process.file("fd"))) {
                return new Held(
                        (int) number(process, "Threads"), (int) files.count(), number(process, "VmRSS") / 1024.0);
            }
        }

        private static long number(Member process, String key) {
            return Long.parseLong(process.status(key).orElseThrow().replaceAll("[^0-9]", ""));
        }
    }

    /** Whether all processes of the group are there. */
    private static boolean isWhole(Running launcher) {
        Pattern change = Pattern.compile(CONTINUE);
        return launcher.log().lines().stream()
                .filter(line -> change.matcher(line).find())
                .reduce((earlier, later) -> later)
                .map(last -> last.contains("; " + PROCESSES + " processes continue"))
                .orElse(true);
    }

    private static double untilNextStep(Running launcher, RunFolder run, Member victim, Signal signal) {
        int before = launcher.log().count(CONTINUE);
        long since = System.nanoTime();
        victim.signal(signal);
        Await.within(60_000, () -> launcher.log().count(CONTINUE) > before);
        int continued = steps(run);
        Await.within(60_000, () -> steps(run) > continued);
        return (System.nanoTime() - since) * 1e-9;
    }

    private static int steps(RunFolder run) {
        return run.metrics().count("\"type\":\"step\"");
    }

    private static String format(double seconds) {
        return String.format(Locale.ROOT, "%.2f", seconds);
    }
}
