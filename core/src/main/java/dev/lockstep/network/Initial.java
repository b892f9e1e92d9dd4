package dev.lockstep.network;

import dev.lockstep.sampling.KeyedRandom;

/** How a parameter's initial values are drawn. */
public sealed interface Initial {
    /** Gaussian numbers around 0. */
    record Normal(double deviation) implements Initial {}

    /** Uniform over [−bound, bound). */
    record Uniform(double bound) implements Initial {}

    /** The same value everywhere. */
    record Constant(double value) implements Initial {}

    /** He et al. 2015, fan-out, for a k × k convolution: N(0, 2 / (outputs · k²)) (paper, section 5.1). */
    static Initial heFanOut(int outputs, int kernel) {
        return new Normal(Math.sqrt(2 / ((double) outputs * kernel * kernel)));
    }

    /** PyTorch's default for convolutions and linear layers: uniform up to 1 / √inputs, where inputs feed one output. */
    static Initial fanIn(long inputs) {
        return new Uniform(1 / Math.sqrt(inputs));
    }

    /**
     * The first values of a parameter, in row-major order: a function of seed, name and their number.
     *
     * @param name of the parameter in the network
     */
    default float[] values(long seed, String name, int count) {
        KeyedRandom random = KeyedRandom.of(KeyedRandom.key("initial-weights"), seed, KeyedRandom.key(name));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) next(random);
        }
        return values;
    }

    private double next(KeyedRandom random) {
        if (this instanceof Normal normal) {
            return normal.deviation * random.nextGaussian();
        } else if (this instanceof Uniform uniform) {
            return random.nextDouble(-uniform.bound, uniform.bound);
        }
        return ((Constant) this).value;
    }
}
