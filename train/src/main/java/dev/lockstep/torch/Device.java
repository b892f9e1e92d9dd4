package dev.lockstep.torch;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Where the tensors of a training run are stored, and how they are copied to and from host memory. A step allocates,
 * moves and reads tensors through the device, and otherwise uses tensor operations, which run where their operands
 * are. Outside a step, {@link Tensors} copies weights and state of any device.
 *
 * <p>A device may run operations after the call that asked for them has returned, in the order in which a thread asked.
 * {@link #read} waits for what it reads. Another thread sees a result after {@link #handOver} and {@link #takeOver}.
 */
public interface Device {
    /** The host's own processor and memory. */
    static Device cpu() {
        return CpuDevice.INSTANCE;
    }

    /** Its name in options and messages, such as {@code cpu}. */
    String name();

    /** What determines the bits of its results besides the program: kind of card, driver and libraries. One line. */
    default String fingerprint() {
        return name();
    }

    /** What to do instead if it cannot compute with these numbers; empty if it can. */
    default Optional<String> refusal(Arithmetic arithmetic) {
        return arithmetic == Arithmetic.FLOAT32
                ? Optional.empty()
                : Optional.of("use precision = float32, --device cuda, or engine = onednn for bf16");
    }

    /** Makes the settings of this process that the results depend on. Called before anything is computed. */
    default void prepare(Arithmetic arithmetic) {
        // An operation of float32 has no other form.
    }

    /** Makes forward operations of the calling thread compute with these numbers until it is closed. */
    default Casting casting(Arithmetic arithmetic) {
        return Casting.NONE;
    }

    /** See {@link #casting}. */
    @FunctionalInterface
    interface Casting extends AutoCloseable {
        /** Of float32. */
        Casting NONE = () -> {};

        @Override
        void close();
    }

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

    /**
     * The same of images whose pixels are bytes. Each byte becomes what the table has for it, so every device gives the
     * same numbers.
     *
     * @param pixels direct, n × height × width × channels bytes from its position, of which the same holds
     */
    Tensor images(ByteBuffer pixels, long n, long channels, long height, long width, PixelTable table);

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
     * Marks what the calling thread has asked of the device so far. To be called before another thread gets a tensor. Need
     * not wait.
     */
    Moment handOver();

    /**
     * What the calling thread asks of the device from now on happens after everything that the moment stands for. To be
     * called by the thread that gets the tensor. Need not wait.
     */
    void takeOver(Moment moment);

    /** Waits until everything that any thread has asked of the device is done; memory may then be freed. */
    default void settle() {
        // Operations are done when their call returns.
    }

    /** What a thread had asked of a device at some time. */
    interface Moment {
        /** Of a device whose operations are done when their call returns. */
        Moment DONE = new Moment() {};
    }

    /** Whether hooks of tensors are called by the thread that computes backward, and so may ask for operations. */
    default boolean hooksRunInCaller() {
        return true;
    }

    /**
     * Remembers what {@code work} asks for, so that all of it can be asked for at once, by {@link Recording#replay}. Whether it
     * is also done now is not said. Everything that it reads and writes must stay where it is.
     *
     * @return empty if the device cannot; then {@code work} was not called
     */
    default Optional<Recording> record(Runnable work) {
        return Optional.empty();
    }

    /** See {@link #record}. */
    interface Recording extends AutoCloseable {
        /** Asks for the recorded operations. */
        void replay();

        @Override
        void close();
    }

    /** What its memory holds; empty where it is the host's. */
    default Optional<Memory> memory() {
        return Optional.empty();
    }

    /** Starts the measurement of {@link Memory#most} anew. */
    default void forgetMost() {
        // Nothing is measured.
    }

    /**
     * The memory of a device, in bytes.
     *
     * @param free what this process could still get
     * @param used what its tensors need now
     * @param most what they have needed at a time
     */
    record Memory(long free, long used, long most) {}

    /** Kernels for batch norm and what follows it; empty if libtorch's own operations are used. */
    default Optional<NormKernels> norms() {
        return Optional.empty();
    }

    /** How it reaches the devices of other processes; empty if tensors travel through host memory only. */
    default Optional<PeerLink> link() {
        return Optional.empty();
    }

    /** A failure of one of its operations in words for the user, where there are such; else the failure itself. */
    default RuntimeException explained(RuntimeException failure, int lanes) {
        return failure;
    }
}
