package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.Phase;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A process is killed or stopped, and the launcher starts the group again. */
final class Restarts {
    private final Stage stage;
    private final SmallRuns runs;

    private Restarts(Stage stage, SmallRuns runs) {
        this.stage = stage;
        this.runs = runs;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Restarts restarts = new Restarts(stage, new SmallRuns(stage));
        restarts.once(Signal.KILL, 1, Phase.STEP, 2);
        restarts.once(Signal.KILL, 0, Phase.CHECKPOINT, 2);
        restarts.once(Signal.STOP, 1, Phase.EVALUATION, 2);
        restarts.once(Signal.STOP, 0, Phase.STEP, 1);
        restarts.onAnOldFolder();
        restarts.twice();
    }

    private void once(Signal signal, int victim, Phase phase, int processes) {
        stage.check(
                "SIG%s of rank %d of %d, %s, --max-restarts 1".formatted(signal, victim, processes, phase),
                "started again from the newest checkpoint, exit code 0, same weights",
                claims -> {
                    RunFolder run = stage.run("restart-" + signal + "-" + victim + "-" + processes);
                    Running launcher = runs.launch(run, SmallRuns.patient(processes, "--max-restarts", "1"));
                    restarted(claims, run, launcher, signal, victim, phase, processes);
                });
    }

    /**
     * The folder's checkpoints belong to a superseded run: the restart must neither use them nor lose this run's progress.
     */
    private void onAnOldFolder() {
        stage.check(
                "the same with --resume never on an old folder",
                "started again from the newest checkpoint, not from the start, exit code 0, same weights",
                claims -> {
                    RunFolder run = stage.copy(runs.untouched(), "restart-never");
                    Running launcher =
                            runs.launch(run, SmallRuns.patient(2, "--max-restarts", "1", "--resume", "never"));
                    Path old = Path.of(run.checkpoint(SmallRuns.LAST) + ".superseded");
                    claims.claim(Await.within(60_000, () -> Files.exists(old)), "old checkpoints are not set aside");
                    restarted(claims, run, launcher, Signal.KILL, 1, Phase.STEP, 2);
                });
    }

    private void restarted(
            Case claims, RunFolder run, Running launcher, Signal signal, int victim, Phase phase, int processes)
            throws IOException, InterruptedException {
        List<Member> ranks = launcher.ranks(processes);
        claims.claim(phase.await(run, ranks.get(0)), "the phase was missed");
        ranks.get(victim).signal(signal);
        int resumedAt = run.newest();
        claims.figure("started again from step", resumedAt);
        SmallRuns.exits(claims, launcher, 0);
        claims.claim(
                launcher.log()
                        .says("^restart 1 of 1: rank " + victim + " on " + SmallRuns.host() + " "
                                + SmallRuns.cause(signal)),
                "no restart");
        claims.claim(runs.endsAsUntouched(run), "other weights");
        // If it had started anew, the second life would have more events.
        claims.claim(Files.size(lastEvents(run)) < 650 + 330L * (SmallRuns.LAST - resumedAt + 2), "it started anew");
    }

    private static Path lastEvents(RunFolder run) throws IOException {
        try (Stream<Path> files = Files.walk(run.path())) {
            return files.filter(file -> file.getFileName().toString().startsWith("events.out.tfevents."))
                    .sorted()
                    .reduce((before, after) -> after)
                    .orElseThrow();
        }
    }

    private void twice() {
        stage.check("SIGKILL in both lives, --max-restarts 1", "one restart, named, exit code 4", claims -> {
            RunFolder run = stage.run("restart-twice");
            Running launcher = runs.launch(run, SmallRuns.patient(2, "--max-restarts", "1"));
            for (int life = 1; life <= 2; life++) {
                int step = 3 * life;
                List<Member> ranks = launcher.ranks(2);
                Await.within(120_000, () -> launcher.gone() || run.newest() >= step);
                ranks.get(1).signal(Signal.KILL);
                Await.within(5000, () -> ranks.stream().allMatch(Member::gone));
            }
            SmallRuns.exits(claims, launcher, 4);
            String killed = "rank 1 on " + SmallRuns.host() + " was killed by signal 9";
            claims.claim(launcher.log().says("^restart 1 of 1: " + killed), "no restart");
            claims.claim(launcher.log().says("^error: " + killed), "not named");
        });
    }
}
