package dev.lockstep.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * The host's own processor. Its tensors are in host memory, and an operation is done when its call returns, so there is
 * nothing to move and nothing to wait for. The only class that knows the raw memory of tensors.
 */
public final class CpuDevice implements Device {
    static final CpuDevice INSTANCE = new CpuDevice();

    private CpuDevice() {}

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public void enter(int threads) {
        TorchRuntime.setThreads(threads);
    }

    @Override
    public void place(Module network) {
        // Networks are created in host memory.
    }

    @Override
    public Tensor zeros(long length) {
        return torch.zeros(length);
    }

    @Override
    public Tensor images(FloatBuffer pixels, long n, long channels, long height, long width) {
        return torch.from_blob(new FloatPointer(pixels), n, height, width, channels)
                .permute(0, 3, 1, 2);
    }

    @Override
    public Tensor images(ByteBuffer pixels, long n, long channels, long height, long width, PixelTable table) {
        Tensor bytes = bytes(pixels, n * height * width * channels);
        return table.look(bytes, n, channels, height, width, this);
    }

    @Override
    public Tensor labels(long[] classes) {
        return AbstractTensor.create(classes);
    }

    @Override
    public float[] read(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            Tensor contiguous = tensor.detach().contiguous();
            float[] values = new float[Math.toIntExact(contiguous.numel())];
            contiguous.data_ptr_float().get(values);
            return values;
        }
    }

    @Override
    public void onHost(List<Tensor> buffers, Consumer<List<Tensor>> work) {
        work.accept(buffers);
    }

    @Override
    public Moment handOver() {
        return Moment.DONE;
    }

    @Override
    public void takeOver(Moment moment) {
        // Operations are done when their call returns.
    }

    /** {@link #read} of a float64 tensor. */
    static double[] readDoubles(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            Tensor contiguous = tensor.detach().contiguous();
            double[] values = new double[Math.toIntExact(contiguous.numel())];
            contiguous.data_ptr_double().get(values);
            return values;
        }
    }

    /** A tensor in host memory with these elements, given in row-major order. */
    static Tensor of(float[] values, long[] shape) {
        return AbstractTensor.create(values, shape);
    }

    /** A vector of uint8 in the memory of a direct buffer, from its position; valid while that is. */
    public static Tensor bytes(ByteBuffer buffer, long length) {
        return torch.from_blob(new BytePointer(buffer), new long[] {length}, new TensorOptions(torch.ScalarType.Byte));
    }

    /** A vector of float32 in the memory of a direct buffer, from its position; valid while that is. */
    public static Tensor floats(FloatBuffer buffer, long length) {
        return torch.from_blob(new FloatPointer(buffer), length);
    }

    /** The memory of a contiguous float32 tensor in host memory; valid while the tensor lives. */
    public static ByteBuffer bytes(Tensor tensor) {
        return new BytePointer(tensor.data_ptr())
                .capacity(tensor.numel() * Float.BYTES)
                .asByteBuffer()
                .order(ByteOrder.nativeOrder());
    }

    /** The address of that memory; no other tensor has it while this one lives. */
    public static long address(Tensor tensor) {
        return tensor.data_ptr().address();
    }
}
