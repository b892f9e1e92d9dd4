package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.Phase;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.util.List;

/** Signals that ask a run to end. */
final class Signals {
    private final Stage stage;
    private final SmallRuns runs;

    private Signals(Stage stage, SmallRuns runs) {
        this.stage = stage;
        this.runs = runs;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Signals signals = new Signals(stage, new SmallRuns(stage));
        for (int processes = 1; processes <= 2; processes++) {
            // To all processes of the group, as a terminal, systemd, Slurm and timeout do, or only to the launcher.
            signals.inAStep(Signal.TERM, true, processes, 143);
            signals.inAStep(Signal.TERM, false, processes, 143);
            signals.inAStep(Signal.INT, true, processes, 130);
            signals.inAStep(Signal.HUP, true, processes, 129);
            signals.inTheEvaluation(processes);
            signals.twice(processes);
        }
    }

    private void inAStep(Signal signal, boolean all, int processes, int code) {
        stage.check(
                "SIG%s%s, P = %d".formatted(signal, all ? " to the whole group" : "", processes),
                "saved, the newest --keep 3 stay, resumed to the same weights",
                claims -> {
                    RunFolder run = stage.run("signal-" + signal + "-" + all + "-" + processes);
                    Running launcher =
                            runs.launch(run, "--procs", Integer.toString(processes), "--lanes", "1", "--keep", "3");
                    claims.claim(run.awaitStep(2), "no checkpoint");
                    if (all) {
                        launcher.signalGroup(signal);
                    } else {
                        launcher.signal(signal);
                    }
                    SmallRuns.exits(claims, launcher, code);
                    claims.figure("saved after step", run.newest());
                    claims.claim(
                            run.result().path("steps").asInt() == run.newest(),
                            "the result is not of the newest checkpoint");
                    int kept = run.checkpoints().size();
                    claims.claim(kept == 3, kept + " checkpoints stay");
                    runs.resume(claims, run, "--procs", "2", "--lanes", "1", "--loader-threads", "3");
                });
    }

    /** The launcher and the process whose thread dump shows the evaluation. */
    private static Member observed(Running launcher, int processes) {
        return processes == 1 ? launcher : launcher.ranks(processes).get(0);
    }

    private void inTheEvaluation(int processes) {
        stage.check(
                "SIGTERM in the evaluation, P = " + processes,
                "saved before it, evaluated when resumed, same results and weights",
                claims -> {
                    RunFolder run = stage.run("evaluation-" + processes);
                    Running launcher = runs.launch(run, SmallRuns.on(processes));
                    claims.claim(Phase.EVALUATION.await(run, observed(launcher, processes)), "the phase was missed");
                    launcher.signal(Signal.TERM);
                    long since = System.nanoTime();
                    SmallRuns.exits(claims, launcher, 143);
                    claims.figure("ended after, ms", Await.millisSince(since));
                    claims.claim(!run.evaluated(), "it was evaluated to the end");
                    claims.claim(
                            run.result().path("status").asText().equals("interrupted")
                                    && run.result().path("steps").asInt() == 8
                                    && run.result().path("epochs").asInt(-1) == 0,
                            "the result is of another step");
                    runs.resume(claims, run);
                    claims.claim(run.evaluations().equals(runs.untouched().evaluations()), "evaluated otherwise");
                });
    }

    private void twice(int processes) {
        stage.check(
                "a second SIGTERM in the evaluation, P = " + processes,
                "cut short within 2 s, nobody left, resumed to the same weights",
                claims -> {
                    RunFolder run = stage.run("twice-" + processes);
                    // One batch per process, so that the first signal cannot end the evaluation soon.
                    Running launcher = runs.launch(
                            run,
                            "--procs",
                            Integer.toString(processes),
                            "--lanes",
                            "1",
                            "--set",
                            "evaluation.images-per-batch=" + 6000 / processes);
                    List<Member> ranks = processes == 1 ? List.of(launcher) : launcher.ranks(processes);
                    claims.claim(Phase.EVALUATION.await(run, ranks.get(0)), "the phase was missed");
                    launcher.signal(Signal.TERM);
                    Await.sleep(100);
                    long since = System.nanoTime();
                    launcher.signal(Signal.TERM);
                    SmallRuns.exits(claims, launcher, 143);
                    endedSoon(claims, since);
                    claims.claim(!run.hasResult(), "the evaluation was not cut short");
                    claims.claim(Await.within(1000, () -> ranks.stream().allMatch(Member::gone)), "processes are left");
                    runs.resume(claims, run);
                });
    }

    private static void endedSoon(Case claims, long since) {
        long took = Await.millisSince(since);
        claims.figure("ended after, ms", took);
        claims.claim(took < 2000, "took " + took + " ms");
    }
}
