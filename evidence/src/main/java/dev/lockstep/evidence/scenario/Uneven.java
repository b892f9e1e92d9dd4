package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * One of two processes is slowed to half its speed: it is stopped for as long as it may run, fifty times per second. With
 * equal shares the step takes twice as long; with {@code --worker-split auto} the workers move, and the two together still
 * have three quarters of their speed. The weights stay those of an undisturbed run.
 */
final class Uneven {
    private static final int STEPS = 250;
    /** The last steps, by which workers have moved. */
    private static final int MEASURED = 80;

    private static final int PAUSE_MILLIS = 10;
    private static final Pattern SECONDS = Pattern.compile("\"step_seconds\":([0-9.E-]+)");
    private static final String MOVED = "^after step [0-9]+ the workers of the processes are ";

    private final Stage stage;
    private double undisturbed;

    private Uneven(Stage stage) {
        this.stage = stage;
    }

    static void play(Stage stage, Settings settings) {
        Uneven uneven = new Uneven(stage);
        uneven.run("undisturbed", "equal", false);
        uneven.run("rank 1 at half speed", "equal", true);
        uneven.run("rank 1 at half speed", "auto", true);
    }

    private RunFolder folder(String split, boolean slow) {
        return stage.run(split + (slow ? "-slow" : ""));
    }

    private void run(String what, String split, boolean slow) {
        boolean moves = split.equals("auto");
        String expected = (slow ? "the undisturbed weights" : "the reference")
                + (moves ? ", workers have moved, faster than 1.7 × the undisturbed step" : "");
        stage.check(what + ", --worker-split " + split, expected, claims -> {
            RunFolder out = folder(split, slow);
            Running launcher = stage.start(
                    stage.train(
                            "fashion-mnist.yaml",
                            out,
                            "--stop-after",
                            Integer.toString(STEPS),
                            "--procs",
                            "2",
                            "--lanes",
                            "1",
                            "--set",
                            "workers=24",
                            "--set",
                            "images-per-worker=16",
                            "--worker-split",
                            split),
                    split + slow + ".log");
            if (slow) {
                slowDown(launcher, launcher.ranks(2).get(1));
            }
            SmallRuns.exits(claims, launcher, 0);
            claims.claim(out.weights().equals(folder("equal", false).weights()), "other weights");
            claims.claim(launcher.log().says(MOVED) == moves, "moves");
            figures(claims, out, launcher, moves);
        });
    }

    private void figures(Case claims, RunFolder out, Running launcher, boolean moves) {
        double median = medianStep(out);
        if (undisturbed == 0) {
            undisturbed = median;
        }
        claims.figure("weights", out.weights());
        claims.figure("median step, ms", Math.round(1000 * median));
        claims.figure("to the undisturbed", String.format(Locale.ROOT, "%.2f", median / undisturbed));
        claims.figure("moves", launcher.log().count(MOVED));
        claims.claim(!moves || median < 1.7 * undisturbed, "too slow");
    }

    /** Until it ends. */
    private static void slowDown(Running launcher, Member process) throws InterruptedException {
        while (launcher.isAlive() && !process.gone()) {
            process.signal(Signal.STOP);
            Thread.sleep(PAUSE_MILLIS);
            process.signal(Signal.CONT);
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private static double medianStep(RunFolder out) {
        List<Double> seconds = out.metrics().lines().stream()
                .flatMap(line -> SECONDS.matcher(line).results())
                .map(MatchResult::group)
                .map(text -> Double.valueOf(text.substring(text.indexOf(':') + 1)))
                .toList();
        return seconds.subList(seconds.size() - MEASURED, seconds.size()).stream()
                .sorted()
                .skip(MEASURED / 2)
                .findFirst()
                .orElseThrow();
    }
}
