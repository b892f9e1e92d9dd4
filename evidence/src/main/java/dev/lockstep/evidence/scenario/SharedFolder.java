package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;

/** Two runs use the same folder. */
final class SharedFolder {
    private SharedFolder() {}

    static void play(Stage stage, Settings settings) throws Exception {
        SmallRuns runs = new SmallRuns(stage);
        RunFolder run = stage.run("shared");
        Running first = runs.launch(run, SmallRuns.on(2));
        run.awaitStep(1);
        // Stopped, so that it still holds its lock when the second one starts, however slow the machine.
        first.signalGroup(Signal.STOP);
        for (int processes = 1; processes <= 2; processes++) {
            int procs = processes;
            stage.check("a second run on one folder, P = " + procs, "refused with exit code 2", claims -> {
                Running second = stage.start(runs.command(run, SmallRuns.on(procs)), "second-" + procs + ".log");
                SmallRuns.exits(claims, second, 2);
                claims.claim(
                        second.log().says("^error: another run is writing to this folder, out = " + run.path()),
                        "not said");
            });
        }
        stage.check("the first run of that folder", "stopped meanwhile, continues to the same weights", claims -> {
            claims.claim(run.newest() < SmallRuns.LAST, "it had ended");
            first.signalGroup(Signal.CONT);
            SmallRuns.exits(claims, first, 0);
            claims.claim(runs.endsAsUntouched(run), "other weights");
        });
    }
}
