package dev.lockstep.collective;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Checks the tensors that are passed to a collective. */
final class Buffers {
    private Buffers() {}

    /** The elements of a contiguous float32 vector in host memory; anything else is a bug in the caller. */
    static long length(Tensor buffer) {
        if (!buffer.is_cpu()
                || buffer.dim() != 1
                || !buffer.is_contiguous()
                || buffer.scalar_type().intern() != ScalarType.Float) {
            throw new IllegalArgumentException(
                    "buffer of type " + buffer.scalar_type().intern() + " with " + buffer.dim()
                            + " dimensions: must be a contiguous float32 vector in host memory");
        }
        return buffer.numel();
    }
}
