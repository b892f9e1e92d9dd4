package dev.lockstep.study;

import java.util.Arrays;

/**
 * One number per seed.
 *
 * @param values the numbers, in the order of the seeds
 */
public record Sample(double... values) {
    public Sample {
        values = values.clone();
    }

    @Override
    public double[] values() {
        return values.clone();
    }

    public int size() {
        return values.length;
    }

    /** The mean; NaN when empty. */
    public double mean() {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    /** The sample standard deviation (with n − 1 in the denominator); NaN for fewer than two values. */
    public double standardDeviation() {
        return Math.sqrt(variance());
    }

    double variance() {
        if (values.length < 2) {
            return Double.NaN;
        }
        double mean = mean();
        return Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sample sample && Arrays.equals(values, sample.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return Arrays.toString(values);
    }
}
