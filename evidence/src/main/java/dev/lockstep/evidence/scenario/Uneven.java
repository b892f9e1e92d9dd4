package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One of two processes is slowed to half its speed: it is stopped for as long as it may run, fifty times per second. With
 * equal shares the step takes twice as long; with {@code --worker-split auto} the workers move, and the two together still
 * have three quarters of their speed. The weights stay those of an undisturbed run. Three rounds of the three runs in turns,
 * because the machine may be busy.
 */
final class Uneven {
    private static final int ROUNDS = 3;
    private static final int STEPS = 250;
    /** The last steps, by which workers have moved. */
    private static final int MEASURED = 80;

    private static final int PAUSE_MILLIS = 10;
    private static final String MOVED = "^after step [0-9]+ the workers of the processes are ";

    private final Stage stage;
    private final List<Double> equal = new ArrayList<>();
    private final List<Double> auto = new ArrayList<>();

    private Uneven(Stage stage) {
        this.stage = stage;
    }

    static void play(Stage stage, Settings settings) {
        Uneven uneven = new Uneven(stage);
        for (int round = 1; round <= ROUNDS; round++) {
            uneven.undisturbed(round);
            uneven.slow(round, "equal", uneven.equal);
            uneven.slow(round, "auto", uneven.auto);
        }
        stage.check("medians of the rounds", "auto is faster than equal shares", claims -> {
            claims.figure("equal, to the undisturbed", format(SmallRuns.median(uneven.equal)));
            claims.figure("auto, to the undisturbed", format(SmallRuns.median(uneven.auto)));
            claims.claim(SmallRuns.median(uneven.auto) < SmallRuns.median(uneven.equal), "no gain");
        });
    }

    private RunFolder reference(int round) {
        return stage.run("undisturbed-" + round);
    }

    private void undisturbed(int round) {
        stage.check("round " + round + ": undisturbed, --worker-split equal", "exit code 0", claims -> {
            Running launcher = start(reference(round), "equal");
            SmallRuns.exits(claims, launcher, 0);
            claims.figure("weights", reference(round).weights());
            claims.figure("median step, ms", Math.round(1000 * medianStep(reference(round))));
        });
    }

    private void slow(int round, String split, List<Double> ratios) {
        boolean moves = split.equals("auto");
        String what = "round " + round + ": rank 1 at half speed, --worker-split " + split;
        stage.check(what, "the undisturbed weights" + (moves ? ", workers have moved" : ""), claims -> {
            RunFolder out = stage.run(split + "-" + round);
            Running launcher = start(out, split);
            slowDown(launcher, launcher.ranks(2).get(1));
            SmallRuns.exits(claims, launcher, 0);
            claims.claim(out.weights().equals(reference(round).weights()), "other weights");
            claims.claim(launcher.log().says(MOVED) == moves, "moves");
            ratios.add(medianStep(out) / medianStep(reference(round)));
            claims.figure("weights", out.weights());
            claims.figure("median step, ms", Math.round(1000 * medianStep(out)));
            claims.figure("to the undisturbed", format(ratios.get(ratios.size() - 1)));
            claims.figure("moves", launcher.log().count(MOVED));
        });
    }

    private Running start(RunFolder out, String split) throws IOException {
        return stage.start(
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
                out.path().getFileName() + ".log");
    }

    private static String format(double ratio) {
        return String.format(Locale.ROOT, "%.2f", ratio);
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
        List<Double> seconds = out.stepSeconds();
        return SmallRuns.median(seconds.subList(seconds.size() - MEASURED, seconds.size()));
    }
}
