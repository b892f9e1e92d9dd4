package dev.lockstep.report;

import dev.lockstep.metrics.StepMetrics;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;

/**
 * Quantities of all steps of a run, in buckets of equally many consecutive steps. When all buckets are full, neighbors are
 * joined: memory is the same for any number of steps, and each bucket knows the mean, the smallest and the largest value.
 */
final class Curves {
    /** A power of 2. */
    static final int MOST = 1024;

    /** A quantity of a step. */
    enum Quantity {
        LOSS(StepMetrics::loss),
        ERROR(step -> 100 * step.top1Error()),
        LEARNING_RATE(StepMetrics::learningRate),
        SPEED(StepMetrics::imagesPerSecond),
        NOISE_SCALE(StepMetrics::noiseScale),
        STEP_SECONDS(StepMetrics::stepSeconds);

        private final ToDoubleFunction<StepMetrics> of;

        Quantity(ToDoubleFunction<StepMetrics> of) {
            this.of = of;
        }
    }

    private static final class Column {
        private final double[] sum = new double[MOST];
        private final int[] count = new int[MOST];
        private final double[] low = new double[MOST];
        private final double[] high = new double[MOST];

        void clear(int bucket) {
            sum[bucket] = 0;
            count[bucket] = 0;
            low[bucket] = Double.NaN;
            high[bucket] = Double.NaN;
        }

        void add(int bucket, double value) {
            if (Double.isFinite(value)) {
                sum[bucket] += value;
                low[bucket] = count[bucket] == 0 ? value : Math.min(low[bucket], value);
                high[bucket] = count[bucket] == 0 ? value : Math.max(high[bucket], value);
                count[bucket]++;
            }
        }

        void join(int to, int one, int other) {
            double l = least(low[one], low[other]);
            double h = -least(-high[one], -high[other]);
            sum[to] = sum[one] + sum[other];
            count[to] = count[one] + count[other];
            low[to] = l;
            high[to] = h;
        }

        private static double least(double a, double b) {
            return Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.min(a, b);
        }
    }

    private final Column[] columns = new Column[Quantity.values().length];
    private final double[] steps = new double[MOST];
    private final double[] seconds = new double[MOST];
    private int buckets;
    private int perBucket = 1;
    private int inLast;
    private double total;

    /**
     * A place on the time axis.
     *
     * @param seconds of all steps up to {@code step}
     */
    record Mark(long step, double seconds) {}

    Curves() {
        Arrays.setAll(columns, i -> new Column());
    }

    /** Curves of the steps after a mark. */
    static Curves from(Mark mark) {
        Curves curves = new Curves();
        curves.total = mark.seconds();
        return curves;
    }

    /** The last mark at or before a step. */
    Mark before(long step) {
        int i = buckets - 1;
        while (i >= 0 && steps[i] > step) {
            i--;
        }
        return i < 0 ? new Mark(0, 0) : new Mark((long) steps[i], seconds[i]);
    }

    /** Seconds of all steps. */
    double total() {
        return total;
    }

    /** A step that only takes time. */
    void skip(StepMetrics step) {
        total += Double.isFinite(step.stepSeconds()) ? step.stepSeconds() : 0;
    }

    void add(StepMetrics step) {
        if (buckets == 0 || inLast == perBucket) {
            if (buckets == MOST) {
                joinNeighbors();
            }
            for (Column column : columns) {
                column.clear(buckets);
            }
            buckets++;
            inLast = 0;
        }
        inLast++;
        skip(step);
        steps[buckets - 1] = step.step();
        seconds[buckets - 1] = total;
        for (Quantity quantity : Quantity.values()) {
            columns[quantity.ordinal()].add(buckets - 1, quantity.of.applyAsDouble(step));
        }
    }

    private void joinNeighbors() {
        for (int i = 0; i < MOST / 2; i++) {
            for (Column column : columns) {
                column.join(i, 2 * i, 2 * i + 1);
            }
            steps[i] = steps[2 * i + 1];
            seconds[i] = seconds[2 * i + 1];
        }
        buckets = MOST / 2;
        perBucket *= 2;
        inLast = perBucket;
    }

    boolean isEmpty() {
        return buckets == 0;
    }

    /** How many steps a bucket has. */
    int stepsPerPoint() {
        return perBucket;
    }

    /** Seconds of all steps so far. */
    double seconds() {
        return total;
    }

    /** The mean of the last buckets that have at least so many steps; NaN if there is none. */
    double recent(Quantity quantity, int leastSteps) {
        Column column = columns[quantity.ordinal()];
        double sum = 0;
        int count = 0;
        for (int i = buckets - 1; i >= 0 && count < leastSteps; i--) {
            sum += column.sum[i];
            count += column.count[i];
        }
        return count == 0 ? Double.NaN : sum / count;
    }

    /**
     * One point per bucket, at its last step.
     *
     * @param perEpoch iterations
     */
    Series series(String name, int color, Quantity quantity, double perEpoch) {
        Column column = columns[quantity.ordinal()];
        double[] mean = new double[buckets];
        double[] epochs = new double[buckets];
        for (int i = 0; i < buckets; i++) {
            mean[i] = column.count[i] == 0 ? Double.NaN : column.sum[i] / column.count[i];
            epochs[i] = steps[i] / perEpoch;
        }
        Series line = Series.line(name, epochs, mean, color, false)
                .withAxes(Arrays.copyOf(steps, buckets), Arrays.copyOf(seconds, buckets));
        return perBucket == 1
                ? line
                : line.withRange(Arrays.copyOf(column.low, buckets), Arrays.copyOf(column.high, buckets));
    }
}
