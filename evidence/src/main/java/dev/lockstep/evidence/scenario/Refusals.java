package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;

/** Runs that must not continue. */
final class Refusals {
    private Refusals() {}

    static void play(Stage stage, Settings settings) throws Exception {
        SmallRuns runs = new SmallRuns(stage);
        stage.check("a checkpoint of another recipe", "refused, seed and workers named", claims -> {
            RunFolder run = stage.copy(runs.untouched(), "other-recipe");
            Running refused = runs.launch(run, "--set", "seed=2", "--set", "workers=4");
            SmallRuns.exits(claims, refused, 6);
            claims.claim(
                    refused.log()
                            .says("^error: checkpoint is of another recipe: seed = 2 \\(1\\), workers = 4 \\(8\\)"),
                    "keys are not named");
        });
        stage.check("a loss that is not finite, P = 2", "step and learning rate named by both", claims -> {
            RunFolder run = stage.run("diverged");
            Running launcher = runs.launch(run, "--procs", "2", "--lanes", "1", "--set", "learning-rate.reference=1e6");
            SmallRuns.exits(claims, launcher, 5);
            for (int rank = 0; rank < 2; rank++) {
                claims.claim(
                        run.rankLog(rank)
                                .says("^error: training diverged: .*step = [0-9]+, (worker = [0-9]+, )?"
                                        + "learning rate = 250000"),
                        "rank " + rank + " does not say where");
            }
            claims.claim(run.result().path("status").asText().equals("diverged"), "no result");
        });
    }
}
