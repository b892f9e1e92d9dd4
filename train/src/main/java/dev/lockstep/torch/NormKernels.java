package dev.lockstep.torch;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Batch norm of a worker's images together with the sum and the ReLU that follow it, each direction as one operation that reads
 * and writes every number as seldom as possible. Sums have an order that depends on the sizes only.
 */
public interface NormKernels {
    /**
     * A layer; all are float32 vectors of its channels.
     *
     * @param mean receives the mean of the batch
     * @param variance receives its unbiased variance
     */
    record Layer(
            Tensor gamma,
            Tensor beta,
            Tensor gammaGradient,
            Tensor betaGradient,
            Tensor mean,
            Tensor variance,
            double epsilon) {}

    /**
     * The result of forward.
     *
     * @param output in the layout and type of the input
     * @param saved what backward needs besides input and output; its form is known to these kernels alone
     */
    record Forward(Tensor output, Tensor saved) {}

    /**
     * The results of backward.
     *
     * @param input the gradient of the input
     * @param addend that of the addend; also without one, where it may be anything
     */
    record Backward(Tensor input, Tensor addend) {}

    /**
     * Normalizes, then adds, then sets what is negative to zero.
     *
     * @param input n × channels × height × width, channels last in memory, float32 or bf16
     * @param addend of the same form; null for none
     * @param rectified whether a ReLU follows
     */
    Forward forward(Layer layer, Tensor input, @Nullable Tensor addend, boolean rectified);

    /**
     * Writes the gradients of γ and β, and returns the others.
     *
     * @param gradient of the output; stays as it is
     */
    Backward backward(
            Layer layer, Tensor gradient, Tensor input, Forward forward, boolean hasAddend, boolean rectified);
}
