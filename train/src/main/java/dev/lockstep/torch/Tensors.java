package dev.lockstep.torch;

import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Copies between Java arrays and tensors on any device, for weights and state outside a step, and the few calls whose Java
 * form is long.
 */
public final class Tensors {
    private Tensors() {}

    public static Scalar scalar(double value) {
        return new Scalar(value);
    }

    /** Elements [from, to) of one dimension, every {@code step}-th. */
    public static Tensor slice(Tensor tensor, long dimension, long from, long to, long step) {
        return tensor.slice(dimension, new LongOptional(from), new LongOptional(to), step);
    }

    /** Whether every element is finite. */
    public static boolean isFinite(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            // One pass. A non-finite value stays non-finite in a sum, whatever is added; large numbers may overflow.
            return Float.isFinite(number(tensor.sum()))
                    || Float.isFinite(number(tensor.min())) && Float.isFinite(number(tensor.max()));
        }
    }

    private static float number(Tensor scalar) {
        return toArray(scalar)[0];
    }

    /** A copy of the elements in row-major logical order, whatever their layout in memory. */
    public static float[] toArray(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            return CpuDevice.INSTANCE.read(tensor.detach().cpu());
        }
    }

    /** The same of a float64 tensor. */
    public static double[] toDoubles(Tensor tensor) {
        try (StepScope scope = new StepScope()) {
            return CpuDevice.readDoubles(tensor.detach().cpu());
        }
    }

    /** Replaces the elements, given in row-major logical order. Keeps the tensor's own layout. */
    public static void assign(Tensor target, float[] values) {
        if (target.numel() != values.length) {
            throw new IllegalArgumentException("values = " + values.length + ", elements = " + target.numel());
        }
        try (StepScope scope = new StepScope()) {
            target.detach().copy_(CpuDevice.of(values, target.shape()));
        }
    }
}
