package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;

/** What it costs to be elastic when nothing happens: steps against those of a run that is not, in turns. */
final class ElasticCost {
    /** Pairs of runs, as one process may be slower than another for its whole life. */
    private static final int PAIRS = 4;

    private static final int TURNS = 32;
    private static final int TURN_MILLIS = 1250;
    /** More than these runs make before they are told to stop. */
    private static final int LONG = 50_000;

    private static final int STEPS = 150;

    private ElasticCost() {}

    static void play(Stage stage, Settings settings) {
        stage.check(
                "nothing happens, P = 2, " + PAIRS + " pairs of runs, " + TURNS + " turns of " + TURN_MILLIS / 1000.0
                        + " s each",
                "a step takes at most 1.01 of one of a run that is not elastic",
                claims -> {
                    InTurns compared = new InTurns(TURNS, TURN_MILLIS);
                    for (int pair = 1; pair <= PAIRS; pair++) {
                        InTurns.Side plain = undisturbed(stage, "plain-" + pair, LONG);
                        InTurns.Side elastic = undisturbed(stage, "elastic-" + pair, LONG, "--elastic", "1:2");
                        plain.warmUp(claims);
                        elastic.warmUp(claims);
                        compared.compare(claims, plain, elastic);
                        plain.process().end();
                        elastic.process().end();
                    }
                    compared.claim(claims, 1.01);
                });
        stage.check("nothing happens, " + STEPS + " steps", "the weights of a run that is not elastic", claims -> {
            InTurns.Side plain = undisturbed(stage, "plain", STEPS);
            SmallRuns.exits(claims, plain.process(), 0);
            InTurns.Side elastic = undisturbed(stage, "elastic", STEPS, "--elastic", "1:2");
            SmallRuns.exits(claims, elastic.process(), 0);
            claims.claim(elastic.run().sameAs(plain.run()), "other weights");
            claims.figure("weights", elastic.run().weights());
        });
    }

    private static InTurns.Side undisturbed(Stage stage, String name, int steps, String... options) throws IOException {
        RunFolder out = stage.run(name);
        Command command = stage.train(
                "fashion-mnist.yaml",
                out,
                "--set",
                "epochs=1000",
                "--set",
                "learning-rate.schedule.epochs=[900]",
                "--stop-after",
                Integer.toString(steps),
                "--procs",
                "2",
                "--lanes",
                "1",
                "--peer-timeout",
                "600",
                "--set",
                "images-per-worker=8");
        return new InTurns.Side(out, stage.start(command.with(options), name + ".log"));
    }
}
