package dev.lockstep.evidence.scenario;

import java.util.List;
import org.apache.commons.statistics.inference.AlternativeHypothesis;
import org.apache.commons.statistics.inference.TTest;

/** The test of a study's question {@code worse-than}: Welch's, one-sided. */
final class Welch {
    /** The level of a study that names none. */
    static final double LEVEL = 0.05;

    private Welch() {}

    /**
     * The p-value of the claim that the first mean is above the second.
     *
     * @param first at least two numbers that are not all the same, as in {@code second}
     */
    static double pAbove(List<Double> first, List<Double> second) {
        return TTest.withDefaults()
                .with(AlternativeHypothesis.GREATER_THAN)
                .test(values(first), values(second))
                .getPValue();
    }

    static double mean(List<Double> numbers) {
        return numbers.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }

    private static double[] values(List<Double> numbers) {
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
