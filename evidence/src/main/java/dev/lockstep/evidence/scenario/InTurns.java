package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.record.Case;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Two runs of one recipe that continue in turns, the other one stopped by a signal: their steps are compared turn by turn, so
 * that a machine whose speed changes slows both. Runs need a peer timeout longer than all turns.
 */
final class InTurns {
    private static final int WARM = 100;
    private static final int FEWEST = 5;

    private final int turns;
    private final int turnMillis;
    private final List<Double> medians = new ArrayList<>();
    private final List<Double> means = new ArrayList<>();
    private final List<Double> steps = new ArrayList<>();
    private int counted;

    InTurns(int turns, int turnMillis) {
        this.turns = turns;
        this.turnMillis = turnMillis;
    }

    /** A run that continues only in its turns. */
    static final class Side {
        private final RunFolder run;
        private final Running process;
        private int seen;

        Side(RunFolder run, Running process) {
            this.run = run;
            this.process = process;
        }

        RunFolder run() {
            return run;
        }

        Running process() {
            return process;
        }

        /** Waits until the run is warm, then stops it. */
        void warmUp(Case claims) {
            claims.claim(
                    Await.within(60_000, () -> run.stepSeconds().size() > WARM),
                    "no steps: " + process.log().lastLine());
            process.signalGroup(Signal.STOP);
        }

        /** Seconds of the steps that began and ended in one turn. */
        private List<Double> turn(int millis) throws InterruptedException {
            process.signalGroup(Signal.CONT);
            Thread.sleep(millis);
            process.signalGroup(Signal.STOP);
            List<Double> all = run.stepSeconds();
            List<Double> own = List.copyOf(all.subList(Math.min(all.size(), seen + 1), all.size()));
            seen = all.size();
            return own;
        }
    }

    /** Measures two runs that are stopped; each is first as often as the other. */
    void compare(Case claims, Side plain, Side other) throws InterruptedException {
        // Steps of the time when both ran are not counted.
        plain.turn(turnMillis);
        other.turn(turnMillis);
        int used = 0;
        for (int turn = 0; turn < turns; turn++) {
            List<Double> first = (turn % 2 == 0 ? plain : other).turn(turnMillis);
            List<Double> second = (turn % 2 == 0 ? other : plain).turn(turnMillis);
            List<Double> off = turn % 2 == 0 ? first : second;
            List<Double> on = turn % 2 == 0 ? second : first;
            if (off.size() < FEWEST || on.size() < FEWEST) {
                continue;
            }
            used++;
            counted += on.size();
            medians.add(SmallRuns.median(on) / SmallRuns.median(off));
            means.add(mean(on) / mean(off));
            steps.add(SmallRuns.median(on));
        }
        claims.claim(
                used > turns / 2,
                "too few steps in a turn: " + other.process.log().lastLine());
    }

    /** The median of the turns' ratios of mean steps. */
    double ofMeans() {
        return SmallRuns.median(means);
    }

    /** Claims that the median step of the other run takes at most this many times one of the plain run. */
    void claim(Case claims, double most) {
        double ratio = SmallRuns.median(medians);
        double error = error(medians);
        claims.claim(ratio < most, "ratio of the medians = " + ratio);
        claims.claim(error < 0.005, "others use this machine: the ratio has an error of " + error);
        claims.figure("median step, ms", String.format(Locale.ROOT, "%.1f", 1000 * SmallRuns.median(steps)));
        claims.figure("steps", counted);
        claims.figure("ratio of the medians", String.format(Locale.ROOT, "%.4f", ratio));
        claims.figure("its standard error", String.format(Locale.ROOT, "%.4f", error));
        claims.figure("ratio of the means", String.format(Locale.ROOT, "%.4f", ofMeans()));
        claims.figure("its standard error, means", String.format(Locale.ROOT, "%.4f", error(means)));
    }

    /**
     * The standard error of a median: 1.253 standard deviations over the root of the number, and the deviation from the middle half
     * of the values, which few outliers do not move.
     */
    private static double error(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        double middle = sorted.get(3 * sorted.size() / 4) - sorted.get(sorted.size() / 4);
        return 1.253 * middle / 1.349 / Math.sqrt(values.size());
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
