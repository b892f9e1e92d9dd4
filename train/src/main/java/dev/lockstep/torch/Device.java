package dev.lockstep.torch;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Where the tensors of a training run are stored, and how they are copied to and from host memory. A step allocates,
 * moves and reads tensors through the device, and otherwise uses tensor operations, which run where their operands
 * are. Outside a step, {@link Tensors} copies weights and state of any device.
 *
 * <p>A device may run operations after the call that asked for them has returned, in the order in which a thread asked.
 * {@link #read} waits for what it reads. Another thread sees a result after {@link #handOver}.
 */
public interface Device {
    /** The host's own processor and memory. */
    static Device cpu() {
        return CpuDevice.INSTANCE;
    }

    /** Its name in options and messages, such as {@code cpu}. */
    String name();

    /**
     * Prepares the calling thread to compute workers on this device.
     *
     * @param threads OpenMP threads per worker; see {@link TorchRuntime#setThreads}
     */
    void enter(int threads);

    /** Moves a network with all its parameters and buffers to this device. */
    void place(Module network);

    /** A float32 vector of zeros. */
    Tensor zeros(long length);

    /**
     * A batch of images as a float32 tensor n × channels × height × width in channels-last order.
     *
     * @param pixels direct, native byte order, n × height × width × channels floats from its position. They stay as
     *     they are until the calls that use the tensor have returned: a device whose operations may run later copies
     *     them first.
     */
    Tensor images(FloatBuffer pixels, long n, long channels, long height, long width);

    /** The classes of a batch as an int64 vector. */
    Tensor labels(long[] classes);

    /** The elements of a float32 tensor of this device, in row-major logical order. Waits until they are computed. */
    float[] read(Tensor tensor);

    /**
     * Lets code that needs host memory, such as a message to another process, work on tensors in place.
     *
     * @param buffers contiguous vectors of this device
     * @param work gets vectors in host memory with the same elements; its changes are in {@code buffers} afterward
     */
    void onHost(List<Tensor> buffers, Consumer<List<Tensor>> work);

    /** {@link #onHost(List, Consumer)} for one tensor. */
    default void onHost(Tensor buffer, Consumer<Tensor> work) {
        onHost(List.of(buffer), buffers -> work.accept(buffers.get(0)));
    }

    /**
     * Orders threads: everything that the calling thread has asked of the device so far happens before anything that
     * other threads ask of it from now on. To be called before another thread gets a tensor. Need not wait.
     */
    void handOver();
}
