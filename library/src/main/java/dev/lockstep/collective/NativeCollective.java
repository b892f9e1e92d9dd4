package dev.lockstep.collective;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * c10d's own all-reduce: on Gloo always a ring, whose order of additions depends on P and on the place in the buffer. The
 * same mathematics as the tree, for comparison; the bits change with P.
 */
final class NativeCollective implements Collective {
    private final GlooGroup group;

    NativeCollective(GlooGroup group) {
        this.group = group;
    }

    @Override
    public int rank() {
        return group.rank();
    }

    @Override
    public int size() {
        return group.size();
    }

    @Override
    public void allReduceSum(Tensor buffer) {
        if (Buffers.length(buffer) == 0) {
            return;
        }
        try (PointerScope scope = new PointerScope()) {
            group.allReduce(new TensorVector(buffer));
        }
    }

    @Override
    public List<byte[]> allGather(byte[] mine) {
        return group.allGather(mine);
    }

    @Override
    public String kind() {
        return "native";
    }

    @Override
    public boolean isBitwise() {
        return false;
    }

    @Override
    public void fail(Throwable cause) {
        group.fail(cause);
    }

    @Override
    public void close() {
        group.leave();
    }
}
