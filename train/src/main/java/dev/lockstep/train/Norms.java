package dev.lockstep.train;

import dev.lockstep.torch.StepScope;
import org.bytedeco.pytorch.Tensor;

/** Norms of flat tensors. */
final class Norms {
    private Norms() {}

    /** |x|² of a one-dimensional tensor. */
    static double squared(Tensor x) {
        try (StepScope scope = new StepScope()) {
            return x.dot(x).item_float();
        }
    }
}
