package dev.lockstep.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * A tensor in host memory, in file layout: little-endian, row-major.
 *
 * @param type the element type
 * @param shape the dimensions; empty for a scalar
 * @param data {@code elements × type.bytes()} bytes, from position 0 to the limit
 */
public record HostTensor(Type type, long[] shape, ByteBuffer data) {
    /** The maximum size of a Java array. */
    static final long MOST_BYTES = Integer.MAX_VALUE - 8;

    /** PyTorch's limit. */
    static final int MOST_DIMENSIONS = 64;

    /** Element types; the names are those of safetensors. */
    public enum Type {
        F32(4),
        I64(8);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /** The size of one element in bytes. */
        public int bytes() {
            return bytes;
        }
    }

    public HostTensor {
        long expected = elements(shape) * type.bytes;
        if (data.remaining() != expected) {
            throw new IllegalArgumentException("shape = " + Arrays.toString(shape) + " of " + type + " needs "
                    + expected + " bytes, data has " + data.remaining());
        }
    }

    /**
     * Creates an F32 tensor from a copy of {@code values}.
     *
     * @param values the elements in row-major order, as many as {@code shape} requires
     */
    public static HostTensor of(float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return new HostTensor(Type.F32, shape, data);
    }

    /** Creates a scalar I64 tensor. */
    public static HostTensor ofLong(long value) {
        ByteBuffer data = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.putLong(0, value);
        return new HostTensor(Type.I64, new long[0], data);
    }

    /** Copies the elements of an F32 tensor, in row-major order. */
    public float[] floats() {
        if (type != Type.F32) {
            throw new IllegalStateException("type = " + type + ": not F32");
        }
        float[] values = new float[data.remaining() / Float.BYTES];
        data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** Whether every element is finite. */
    boolean isFinite() {
        if (type != Type.F32) {
            return true;
        }
        FloatBuffer values = data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        // x · 0 is 0 for finite x and NaN otherwise.
        float sum = 0;
        for (int i = 0; i < values.limit(); i++) {
            sum += values.get(i) * 0;
        }
        return sum == 0;
    }

    /** The name of the first tensor with a value that is not finite. */
    static Optional<String> firstNotFinite(Map<String, HostTensor> tensors) {
        return tensors.entrySet().stream()
                .filter(tensor -> !tensor.getValue().isFinite())
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Type and shape, such as {@code F32[64, 3, 7, 7]}. */
    String description() {
        return type + Arrays.toString(shape);
    }

    static long elements(long[] shape) {
        long product = 1;
        for (long side : shape) {
            product = Math.multiplyExact(product, side);
        }
        return product;
    }
}
