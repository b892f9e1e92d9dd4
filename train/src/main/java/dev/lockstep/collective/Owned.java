package dev.lockstep.collective;

import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/** Native objects that outlive the scope in which they are created, freed together. */
final class Owned implements AutoCloseable {
    private final List<Pointer> pointers = new ArrayList<>();

    <P extends Pointer> P keep(P pointer) {
        pointers.add(StepScope.keep(pointer));
        return pointer;
    }

    /** A float32 vector in host memory, from which messages are sent. */
    Tensor floats(long length) {
        return keep(Device.cpu().zeros(length));
    }

    /** Elements [from, to), over the same memory. */
    Tensor view(Tensor tensor, long from, long to) {
        return keep(tensor.narrow(0, from, to - from));
    }

    @Override
    public void close() {
        pointers.forEach(Pointer::close);
        pointers.clear();
    }
}
