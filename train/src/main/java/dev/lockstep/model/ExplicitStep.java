package dev.lockstep.model;

import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Tensor;

/** One operation of an {@link ExplicitPass}, or several that are computed together. */
interface ExplicitStep {
    /** The node whose value it computes. */
    int output();

    /** The nodes whose values it takes. */
    int[] inputs();

    /** @param values by node; those before it are there */
    void forward(Tensor[] values);

    /**
     * Adds to the gradients of its inputs, and writes those of its parameters.
     *
     * @param gradients by node; that of its output is complete
     * @param onComplete called with each slot that is written
     */
    void backward(Tensor[] values, Tensor[] gradients, IntConsumer onComplete);

    /** The gradient of a node whose taker has found a part of it. Neither part is changed: others may refer to it. */
    static void add(Tensor[] gradients, int node, Tensor part) {
        Tensor known = gradients[node];
        gradients[node] = known == null ? part : known.add(part);
    }
}
