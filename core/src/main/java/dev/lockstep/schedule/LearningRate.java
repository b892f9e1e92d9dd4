package dev.lockstep.schedule;

/**
 * The learning rate as a function of the iteration, counted from 0 at the start of training.
 *
 * <p>Compose one from a base rate, its warmup and its decay:
 *
 * <pre>{@code
 * double scaled = Scaling.LINEAR.scale(0.1, 8192, 256);
 * LearningRate rate = Warmup.gradual(0.1, scaled, 780).times(Decay.step(0.1, 30 * 156, 60 * 156, 80 * 156));
 * }</pre>
 */
@FunctionalInterface
public interface LearningRate {
    /** The rate at an iteration, counted from 0. */
    double at(long iteration);

    /** The same rate throughout. */
    static LearningRate constant(double rate) {
        return iteration -> rate;
    }

    /** This rate multiplied by a decay factor. Decay counts iterations from the start of training, including warmup. */
    default LearningRate times(Decay decay) {
        return iteration -> at(iteration) * decay.factorAt(iteration);
    }
}
