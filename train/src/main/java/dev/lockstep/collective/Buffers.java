package dev.lockstep.collective;

import dev.lockstep.topology.Topology;
import java.util.List;
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

    /** The elements of each of a process's partial sums, one for each of its subtrees. */
    static long length(Topology topology, Collective collective, List<Tensor> partials) {
        int roots = topology.processes() == collective.size()
                ? topology.subtreesOf(collective.rank()).size()
                : 0;
        long length = partials.isEmpty() ? 0 : length(partials.get(0));
        if (partials.size() != roots || partials.stream().anyMatch(partial -> length(partial) != length)) {
            throw new IllegalArgumentException(partials.size() + " partial sums of rank " + collective.rank() + " of "
                    + collective.size() + ", " + topology + ": must be one for each subtree, of equal lengths");
        }
        return length;
    }
}
