package dev.lockstep.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.optim.MomentumSgd.Rates;
import dev.lockstep.recipe.Recipe.MomentumForm;
import dev.lockstep.recipe.Recipe.Optimizer;
import dev.lockstep.recipe.Recipe.WeightDecayRate;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

class MomentumSgdTest {
    private static final int SIZE = 24;

    static {
        TorchRuntime.load();
    }

    /** A run of the optimizer: rates by iteration; the gradient of iteration t is a function of (seed, t). */
    record Course(List<Double> rates, double momentum, boolean nesterov, long seed) {
        double previous(int iteration) {
            return rates.get(Math.max(0, iteration - 1));
        }
    }

    @Provide
    Arbitrary<Course> courses() {
        return courses(Arbitraries.doubles()
                .ofScale(4)
                .between(0.001, 3)
                .list()
                .ofMinSize(1)
                .ofMaxSize(20));
    }

    /** The rate rises by at least a fifth in every iteration. */
    @Provide
    Arbitrary<Course> rising() {
        return courses(Arbitraries.doubles()
                .between(1.2, 2)
                .list()
                .ofMinSize(2)
                .ofMaxSize(12)
                .map(ratios -> {
                    Double[] rates = new Double[ratios.size()];
                    rates[0] = 0.01;
                    for (int i = 1; i < rates.length; i++) {
                        rates[i] = rates[i - 1] * ratios.get(i);
                    }
                    return Arrays.asList(rates);
                }));
    }

    @Provide
    Arbitrary<Course> constant() {
        return courses(Combinators.combine(
                        Arbitraries.doubles().ofScale(4).between(0.001, 3),
                        Arbitraries.integers().between(1, 20))
                .as((rate, length) -> Collections.nCopies(length, rate)));
    }

    private static Arbitrary<Course> courses(Arbitrary<List<Double>> rates) {
        return Combinators.combine(
                        rates,
                        Arbitraries.doubles().between(0.5, 0.99),
                        Arbitraries.of(true, false),
                        Arbitraries.longs())
                .as(Course::new);
    }

    @Property
    void velocityForm_correctedUnderAnyRates_isGradientForm(@ForAll("courses") Course course) {
        double[] equation9 = equation9(course);
        double scale = traveled(course);
        assertThat(largestDifference(run(course, MomentumForm.GRADIENT, true), equation9))
                .isLessThan(1e-5 * scale);
        assertThat(largestDifference(run(course, MomentumForm.VELOCITY, true), equation9))
                .isLessThan(1e-5 * scale);
    }

    @Property(tries = 100)
    void velocityForm_uncorrectedWhileTheRateRises_isAnother(@ForAll("rising") Course course) {
        double[] gradientForm = run(course, MomentumForm.GRADIENT, true);
        double[] uncorrected = run(course, MomentumForm.VELOCITY, false);
        assertThat(largestDifference(uncorrected, gradientForm)).isGreaterThan(1e-4 * traveled(course));
    }

    @Property(tries = 50)
    void correction_whileTheRateIsConstant_changesNoBit(@ForAll("constant") Course course) {
        assertThat(run(course, MomentumForm.VELOCITY, true)).isEqualTo(run(course, MomentumForm.VELOCITY, false));
    }

    @Property(tries = 100)
    void weightDecay_reachesTheDecayedSegmentOnly(
            @ForAll @IntRange(max = SIZE) int decayed,
            @ForAll @DoubleRange(min = 1e-4, max = 0.1) @Scale(4) double lambda,
            @ForAll MomentumForm form,
            @ForAll boolean nesterov) {
        double rate = 0.5;
        double momentum = 0.9;
        try (StepScope scope = new StepScope()) {
            float[] start = values(7, 0);
            Tensor w = AbstractTensor.create(start);
            Tensor state = torch.zeros(SIZE);
            new MomentumSgd(settings(momentum, nesterov, form, true))
                    .update(w, torch.zeros(SIZE), state, decayed, new Rates(rate, rate, lambda));
            float[] after = Tensors.toArray(w);
            // Eq. 8 without a gradient; Nesterov looks one momentum step ahead.
            double factor = 1 - rate * lambda * (nesterov ? 1 + momentum : 1);
            for (int i = 0; i < SIZE; i++) {
                if (i < decayed) {
                    assertThat((double) after[i]).isCloseTo(start[i] * factor, near(start[i]));
                    assertThat(after[i]).isNotEqualTo(start[i]);
                } else {
                    assertThat(after[i]).isEqualTo(start[i]);
                }
            }
        }
    }

    /**
     * Quadratic losses whose gradients are equal at w(t) and w(t+j): batch j's loss, |w_j − a_j|²/2, is about a block of
     * weights of its own, so the steps before j do not move what it sees.
     */
    @Property(tries = 100)
    void kSteps_whereGradientsStayEqual_areOneStepOfKTimesTheRate(
            @ForAll @IntRange(min = 1, max = 32) int k,
            @ForAll @DoubleRange(min = 0.001, max = 1) @Scale(4) double rate,
            @ForAll long seed) {
        Quadratic separate = new Quadratic(k, 3, false, seed);
        assertThat(largestDifference(separate.smallSteps(rate), separate.largeStep(rate)))
                .isLessThan(1e-5);
    }

    /** Where all batches are about the same weights, gradients change on the way, and the rule is an approximation. */
    @Property(tries = 50)
    void kSteps_whereGradientsChange_areNotOneStepOfKTimesTheRate(
            @ForAll @IntRange(min = 2, max = 32) int k, @ForAll long seed) {
        Quadratic shared = new Quadratic(k, 3, true, seed);
        assertThat(largestDifference(shared.smallSteps(0.1), shared.largeStep(0.1)))
                .isGreaterThan(1e-3);
    }

    private static final class Quadratic {
        private final int k;
        private final int block;
        private final boolean shared;
        private final float[] start;
        private final float[] targets;
        private final MomentumSgd plain = new MomentumSgd(settings(0, false, MomentumForm.GRADIENT, true));

        Quadratic(int k, int block, boolean shared, long seed) {
            this.k = k;
            this.block = block;
            this.shared = shared;
            Random random = new Random(seed);
            this.start = new float[shared ? block : k * block];
            this.targets = new float[k * block];
            for (int i = 0; i < start.length; i++) {
                start[i] = random.nextFloat() + 2;
            }
            for (int i = 0; i < targets.length; i++) {
                targets[i] = random.nextFloat();
            }
        }

        /** Adds scale × the gradient of batch j's loss. */
        private void addGradient(int j, float[] w, double scale, float[] gradient) {
            for (int i = 0; i < block; i++) {
                int at = shared ? i : j * block + i;
                gradient[at] += (float) (scale * (w[at] - targets[j * block + i]));
            }
        }

        /** Eq. 3. */
        double[] smallSteps(double rate) {
            try (StepScope scope = new StepScope()) {
                Tensor w = AbstractTensor.create(start);
                for (int j = 0; j < k; j++) {
                    float[] gradient = new float[start.length];
                    addGradient(j, Tensors.toArray(w), 1, gradient);
                    step(w, gradient, rate);
                }
                return doubles(Tensors.toArray(w));
            }
        }

        /** Eq. 4 with η̂ = kη. */
        double[] largeStep(double rate) {
            try (StepScope scope = new StepScope()) {
                Tensor w = AbstractTensor.create(start);
                float[] gradient = new float[start.length];
                for (int j = 0; j < k; j++) {
                    addGradient(j, start, 1.0 / k, gradient);
                }
                step(w, gradient, k * rate);
                return doubles(Tensors.toArray(w));
            }
        }

        private void step(Tensor w, float[] gradient, double rate) {
            plain.update(
                    w,
                    AbstractTensor.create(gradient),
                    torch.zeros(gradient.length),
                    gradient.length,
                    new Rates(rate, rate, 0));
        }
    }

    private static double[] run(Course course, MomentumForm form, boolean correction) {
        MomentumSgd optimizer = new MomentumSgd(settings(course.momentum, course.nesterov, form, correction));
        try (StepScope scope = new StepScope()) {
            Tensor w = AbstractTensor.create(values(course.seed, -1));
            Tensor state = torch.zeros(SIZE);
            for (int t = 0; t < course.rates.size(); t++) {
                Tensor gradient = AbstractTensor.create(values(course.seed, t));
                optimizer.update(w, gradient, state, SIZE, new Rates(course.rates.get(t), course.previous(t), 0.01));
            }
            return doubles(Tensors.toArray(w));
        }
    }

    /** Eq. 9 with weight decay, in float64. */
    private static double[] equation9(Course course) {
        double[] w = doubles(values(course.seed, -1));
        double[] u = new double[SIZE];
        for (int t = 0; t < course.rates.size(); t++) {
            float[] gradient = values(course.seed, t);
            for (int i = 0; i < SIZE; i++) {
                double g = gradient[i] + 0.01 * w[i];
                u[i] = course.momentum * u[i] + g;
                w[i] -= course.rates.get(t) * (course.nesterov ? g + course.momentum * u[i] : u[i]);
            }
        }
        return w;
    }

    /** About how far weights go: gradients are between 1 and 2, so that nothing cancels. */
    private static double traveled(Course course) {
        double u = 0;
        double distance = 2;
        for (double rate : course.rates) {
            u = course.momentum * u + 2;
            distance += rate * 2 * u;
        }
        return distance;
    }

    private static Optimizer settings(double momentum, boolean nesterov, MomentumForm form, boolean correction) {
        return new Optimizer(momentum, nesterov, form, correction, 0, false, true, WeightDecayRate.SCALED);
    }

    private static float[] values(long seed, int iteration) {
        Random random = new Random(seed * 1_000_003 + iteration);
        float[] values = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            values[i] = 1 + random.nextFloat();
        }
        return values;
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    private static double largestDifference(double[] a, double[] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }

    private static Offset<Double> near(double value) {
        return within(1e-6 * Math.abs(value));
    }
}
