package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Distance;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.util.List;
import java.util.Locale;

/**
 * The bitwise promise: the same steps give the same weights, momentum and running statistics for every number of processes,
 * lanes and loader threads. Three processes of two workers each are announced as not bitwise and agree up to rounding.
 */
final class Bitwise {
    private static final int STEPS = 40;
    private static final double ROUNDING = 1e-3;

    private final Stage stage;
    private final int steps;

    Bitwise(Stage stage, int steps) {
        this.stage = stage;
        this.steps = steps;
    }

    /** The placement of a run. */
    record Placement(int procs, int lanes, int loaders) {
        /** From {@code P:lanes:loader threads}. */
        static Placement of(String text) {
            String[] parts = text.split(":", -1);
            return new Placement(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
        }
    }

    static void play(Stage stage, Settings settings) {
        Bitwise bitwise = new Bitwise(stage, STEPS);
        bitwise.grid("k = 8", "1:1:1 1:2:1 2:1:1 4:1:1 8:1:1 1:1:4 2:1:4");
        bitwise.grid("augmented", "1:1:1 2:1:4 1:2:4", "--set", "data.augmentation=pad-crop-flip");
        bitwise.grid("k = 6", "1:1:1 1:2:1 2:1:1", "--set", "workers=6");
        bitwise.rounding();
        // A checkpoint's thread sets its own number of threads while lanes start: theirs must stay at the recipe's
        // value.
        bitwise.grid(
                "two threads per worker",
                "1:1:1 1:8:1 2:1:1 4:2:1",
                "--set",
                "threads-per-worker=2",
                "--checkpoint-every",
                "1");
        bitwise.grid("velocity form", "1:1:1 2:1:1 1:2:1", "--set", "optimizer.form=velocity");
    }

    private RunFolder folder(String group, Placement at) {
        return stage.run("%s-%d-%d-%d".formatted(group.replaceAll("[^a-z0-9]+", "-"), at.procs, at.lanes, at.loaders));
    }

    private Running train(RunFolder out, Placement at, String... options) throws Exception {
        return stage.complete(
                stage.train(
                                "fashion-mnist.yaml",
                                out,
                                "--stop-after",
                                Integer.toString(steps),
                                "--procs",
                                Integer.toString(at.procs),
                                "--lanes",
                                Integer.toString(at.lanes),
                                "--loader-threads",
                                Integer.toString(at.loaders))
                        .with(options),
                out.path().getFileName() + ".log");
    }

    /** Trains at each placement {@code P:lanes:loader threads}, and compares with the first one. */
    void grid(String group, String placements, String... options) {
        List<Placement> all =
                List.of(placements.split(" ")).stream().map(Placement::of).toList();
        RunFolder reference = folder(group, all.get(0));
        for (Placement at : all) {
            String expected = at.equals(all.get(0))
                    ? "the group's reference"
                    : "the reference's weights, momentum and running statistics";
            stage.check(
                    "%s: P = %d, lanes %d, loader threads %d".formatted(group, at.procs, at.lanes, at.loaders),
                    expected,
                    claims -> {
                        RunFolder out = folder(group, at);
                        Running run = train(out, at, options);
                        claims.claim(run.exitCode() == 0, "failed: " + run.log().lastLine());
                        claims.figure("weights", out.weights());
                        claims.claim(out.sameAs(reference), "other tensors");
                    });
        }
    }

    /** Three processes of two workers: the reduction tree cannot be split this way. */
    private void rounding() {
        stage.check(
                "k = 6: P = 3, lanes 1, loader threads 1", "announced as not bitwise, as near as rounding", claims -> {
                    Placement at = new Placement(3, 1, 1);
                    RunFolder out = folder("three", at);
                    Running run = train(out, at, "--set", "workers=6");
                    claims.claim(run.exitCode() == 0, "failed: " + run.log().lastLine());
                    claims.claim(
                            run.log()
                                    .says(
                                            "^3 processes .*; sums agree with those of one process up to rounding, not bitwise$"),
                            "not announced");
                    RunFolder one = folder("k = 6", new Placement(1, 1, 1));
                    double distance = Distance.between(out.checkpoint(steps), one.checkpoint(steps));
                    claims.figure("weights", out.weights());
                    claims.figure("relative distance", String.format(Locale.ROOT, "%.1e", distance));
                    claims.claim(distance > 0 && distance < ROUNDING, "relative distance " + distance);
                });
    }
}
