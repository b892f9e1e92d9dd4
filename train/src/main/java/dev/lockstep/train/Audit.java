package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.bytedeco.pytorch.Tensor;

/**
 * Compares the state that must be equal on all processes: the learning rate, the position in the data, and every
 * tensor. One process with faulty memory or hardware would silently spoil a run; the audit stops it and names the tensor.
 */
final class Audit {
    private final Collective collective;

    Audit(Collective collective) {
        this.collective = collective;
    }

    /**
     * @param samples the sample indices of a worker in the next step, the same worker on every process
     * @throws LockstepException of kind WORKER, on every process, naming the process and the first thing that differs
     */
    void compare(long step, double learningRate, int[] samples, FlatState state) {
        if (collective.size() == 1) {
            return;
        }
        List<Part> parts = parts(learningRate, samples, state);
        ByteBuffer mine = ByteBuffer.allocate(parts.size() * Long.BYTES);
        parts.forEach(part -> mine.putLong(part.hash()));
        List<byte[]> all = collective.allGather(mine.array());
        int most = majority(all);
        long[] reference = longs(all.get(most));
        for (int rank = 0; rank < all.size(); rank++) {
            int at = Arrays.mismatch(reference, longs(all.get(rank)));
            if (at >= 0) {
                throw LockstepException.worker(
                        "processes disagree: rank = " + rank + " has another "
                                + parts.get(at).name() + " than rank = " + most,
                        "step = " + step,
                        "check the memory and the library versions of "
                                + (all.size() == 2 ? "both machines" : "that machine")
                                + ", then resume from a checkpoint");
            }
        }
    }

    private record Part(String name, long hash) {}

    private static List<Part> parts(double learningRate, int[] samples, FlatState state) {
        List<Part> parts = new ArrayList<>();
        parts.add(new Part("learning rate", Double.doubleToLongBits(learningRate)));
        parts.add(new Part("sampling position", Arrays.hashCode(samples)));
        try (StepScope scope = new StepScope()) {
            for (Slot slot : state.layout().slots()) {
                parts.add(new Part("parameter " + slot.name(), hash(ParameterLayout.view(state.parameters(), slot))));
                state.optimizer()
                        .forEach((name, buffer) -> parts.add(
                                new Part(name + " of " + slot.name(), hash(ParameterLayout.view(buffer, slot)))));
            }
            for (NormSlot norm : state.layout().norms()) {
                Tensor statistics = state.running().narrow(0, norm.offset(), 2L * norm.channels());
                parts.add(new Part("running statistics of " + norm.name(), hash(statistics)));
            }
        }
        return parts;
    }

    private static long hash(Tensor tensor) {
        float[] values = Tensors.toArray(tensor);
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        CRC32C low = new CRC32C();
        low.update(bytes.duplicate());
        CRC32 high = new CRC32();
        high.update(bytes);
        return high.getValue() << 32 | low.getValue();
    }

    /** The rank whose bytes most processes share, so that the odd one out is named even if it is rank 0. */
    private static int majority(List<byte[]> all) {
        int best = 0;
        int votes = 0;
        for (int rank = 0; rank < all.size(); rank++) {
            byte[] own = all.get(rank);
            int count = (int)
                    all.stream().filter(other -> Arrays.equals(own, other)).count();
            if (count > votes) {
                votes = count;
                best = rank;
            }
        }
        return best;
    }

    private static long[] longs(byte[] bytes) {
        long[] values = new long[bytes.length / Long.BYTES];
        ByteBuffer.wrap(bytes).asLongBuffer().get(values);
        return values;
    }
}
