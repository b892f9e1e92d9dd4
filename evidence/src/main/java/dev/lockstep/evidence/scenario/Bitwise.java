package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Distance;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * The bitwise promise: the same steps give the same weights, momentum and running statistics for every number of processes,
 * lanes and loader threads, and for every split of the workers. Sums by c10d are announced as not bitwise and agree up to
 * rounding.
 */
final class Bitwise {
    private static final int STEPS = 40;
    private static final double ROUNDING = 1e-3;

    private final Stage stage;
    private final int steps;
    private final String classPath;

    Bitwise(Stage stage, int steps) {
        this(stage, steps, "");
    }

    /** @param classPath additional JARs */
    Bitwise(Stage stage, int steps, String classPath) {
        this.stage = stage;
        this.steps = steps;
        this.classPath = classPath;
    }

    /** The placement of a run. */
    record Placement(int procs, int lanes, int loaders, String split) {
        /** From {@code P:lanes:loader threads}, and perhaps {@code :worker split}. */
        static Placement of(String text) {
            String[] parts = text.split(":", -1);
            return new Placement(
                    Integer.parseInt(parts[0]),
                    Integer.parseInt(parts[1]),
                    Integer.parseInt(parts[2]),
                    parts.length > 3 ? parts[3] : "equal");
        }

        String words() {
            return "P = %d, lanes %d, loader threads %d".formatted(procs, lanes, loaders)
                    + (split.equals("equal") ? "" : ", workers " + split);
        }
    }

    static void play(Stage stage, Settings settings) {
        Bitwise bitwise = new Bitwise(stage, STEPS);
        bitwise.grid(
                "k = 8",
                "1:1:1 1:2:1 2:1:1 3:1:1 4:1:1 5:1:1 6:1:1 7:1:1 8:1:1 1:1:4 2:1:4"
                        + uneven(8, 5, new Random(settings.seed())));
        bitwise.grid("augmented", "1:1:1 2:1:4 1:2:4 3:1:2", "--set", "data.augmentation=pad-crop-flip");
        bitwise.grid("k = 6", "1:1:1 1:2:1 2:1:1 3:1:1 4:1:1 5:1:1 6:1:1", "--set", "workers=6");
        bitwise.grid("k = 7", "1:1:1 2:1:1 3:1:1 4:1:1 5:1:1 6:1:1 7:1:1", "--set", "workers=7");
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
        bitwise.grid("velocity form", "1:1:1 2:1:1 1:2:1 3:1:1 2:1:1:1,7", "--set", "optimizer.form=velocity");
    }

    /** Placements with random splits of k workers, on two to five processes. */
    private static String uneven(int workers, int count, Random random) {
        StringBuilder placements = new StringBuilder();
        for (int i = 0; i < count; i++) {
            int procs = 2 + random.nextInt(4);
            int[] sizes = new int[procs];
            Arrays.fill(sizes, 1);
            for (int worker = procs; worker < workers; worker++) {
                sizes[random.nextInt(procs)]++;
            }
            placements
                    .append(" ")
                    .append(procs)
                    .append(":1:1:")
                    .append(Arrays.stream(sizes).mapToObj(String::valueOf).collect(Collectors.joining(",")));
        }
        return placements.toString();
    }

    private RunFolder folder(String group, Placement at) {
        String name = "%s-%d-%d-%d-%s".formatted(group, at.procs, at.lanes, at.loaders, at.split);
        return stage.run(name.replaceAll("[^a-z0-9]+", "-"));
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
                                Integer.toString(at.loaders),
                                "--worker-split",
                                at.split)
                        .with(options)
                        .env("LOCKSTEP_CLASSPATH", classPath),
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
            stage.check(group + ": " + at.words(), expected, claims -> {
                RunFolder out = folder(group, at);
                Running run = train(out, at, options);
                claims.claim(run.exitCode() == 0, "failed: " + run.log().lastLine());
                claims.figure("weights", out.weights());
                claims.claim(out.sameAs(reference), "other tensors");
            });
        }
    }

    /** c10d adds in the order of its ring. */
    private void rounding() {
        stage.check("k = 6: P = 3, --collective native", "announced as not bitwise, as near as rounding", claims -> {
            Placement at = Placement.of("3:1:1");
            RunFolder out = folder("native", at);
            Running run = train(out, at, "--set", "workers=6", "--collective", "native");
            claims.claim(run.exitCode() == 0, "failed: " + run.log().lastLine());
            claims.claim(
                    run.log()
                            .says("^3 processes .*; sums agree with those of one process up to rounding, not bitwise$"),
                    "not announced");
            RunFolder one = folder("k = 6", Placement.of("1:1:1"));
            double distance = Distance.between(out.checkpoint(steps), one.checkpoint(steps));
            claims.figure("weights", out.weights());
            claims.figure("relative distance", String.format(Locale.ROOT, "%.1e", distance));
            claims.claim(distance > 0 && distance < ROUNDING, "relative distance " + distance);
        });
    }
}
