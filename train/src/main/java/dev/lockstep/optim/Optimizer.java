package dev.lockstep.optim;

import dev.lockstep.model.Segment;

/**
 * The update from the gradient that is summed over all workers. It keeps only its settings: state that lasts
 * from step to step is in the buffers that {@link dev.lockstep.recipe.OptimizerSettings#state} names, so that checkpoints
 * hold all of it and every process has the same. The result must depend only on the segment's numbers, and the update of
 * a parameter must not depend on which others are in the segment.
 */
public interface Optimizer {
    /**
     * One iteration's numbers.
     *
     * @param learningRate η(t+1), of this iteration
     * @param previousLearningRate η(t), of the previous iteration; the same as {@code learningRate} in the first
     * @param weightDecay λ as it multiplies {@code learningRate}
     */
    record Rates(double learningRate, double previousLearningRate, double weightDecay) {
        /** The numbers of layers whose learning rate has a factor; what it multiplies follows. */
        public Rates times(double factor) {
            return factor == 1 ? this : new Rates(learningRate * factor, previousLearningRate * factor, weightDecay);
        }
    }

    /**
     * Updates parameters and state in place. Runs in the main thread, once for each segment of a step.
     *
     * @param step the iteration, from 0
     */
    void update(Segment segment, long step, Rates rates);

    /**
     * A second, readable implementation: the results of {@link #update} must agree with it to float32 rounding.
     *
     * @param parameter a segment of one parameter, without gaps: its tensors are float64 and have the parameter's shape
     * @param step the iteration, from 0
     */
    void updateReference(Segment parameter, long step, Rates rates);
}
