package dev.lockstep.torch;

import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageShape;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Tensors over host memory, and the few calls whose Java form is long. */
public final class Tensors {
    private Tensors() {}

    /**
     * The images of a batch as an n × channels × height × width tensor in channels-last order, over the batch's own
     * memory: valid until the batch is closed.
     */
    public static Tensor images(HostBatch batch) {
        ImageShape shape = batch.shape();
        return torch.from_blob(
                        new FloatPointer(batch.pixels()),
                        new long[] {batch.size(), shape.height(), shape.width(), shape.channels()})
                .permute(0, 3, 1, 2);
    }

    /** The classes of a batch, one int64 a sample. */
    public static Tensor labels(HostBatch batch) {
        return AbstractTensor.create(batch.labels());
    }

    public static Tensor zeros(long length) {
        return torch.zeros(length);
    }

    public static Scalar scalar(double value) {
        return new Scalar(value);
    }

    /** Elements [from, to) of the first dimension, every {@code step}-th. */
    public static Tensor slice(Tensor tensor, long dimension, long from, long to, long step) {
        return tensor.slice(dimension, new LongOptional(from), new LongOptional(to), step);
    }

    /** Whether every element is finite. */
    public static boolean isFinite(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            // One pass. What is not finite stays so in a sum, whatever is added; large numbers may overflow.
            return Float.isFinite(tensor.sum().item_float())
                    || Float.isFinite(tensor.min().item_float())
                            && Float.isFinite(tensor.max().item_float());
        }
    }

    /** A copy of the elements in row-major logical order, whatever their layout in memory. */
    public static float[] toArray(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            Tensor contiguous = tensor.detach().contiguous();
            float[] values = new float[Math.toIntExact(contiguous.numel())];
            contiguous.data_ptr_float().get(values);
            return values;
        }
    }

    /** The same of a float64 tensor. */
    public static double[] toDoubles(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            Tensor contiguous = tensor.detach().contiguous();
            double[] values = new double[Math.toIntExact(contiguous.numel())];
            contiguous.data_ptr_double().get(values);
            return values;
        }
    }

    /** Replaces the elements, given in row-major logical order. Keeps the tensor's own layout. */
    public static void assign(Tensor target, float[] values) {
        if (target.numel() != values.length) {
            throw new IllegalArgumentException("values = " + values.length + ", elements = " + target.numel());
        }
        try (StepScope scope = new StepScope()) {
            target.detach().copy_(AbstractTensor.create(values, target.shape()));
        }
    }

    /** The memory of a contiguous float tensor as a little-endian buffer; valid while the tensor lives. */
    public static FloatBuffer buffer(Tensor tensor) {
        return tensor.data_ptr_float()
                .capacity(tensor.numel())
                .asByteBuffer()
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }
}
