package dev.lockstep.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * A tensor in host memory as files have it: little-endian, row-major.
 *
 * @param data {@code elements × type.bytes()} bytes from its position 0 to its limit
 */
public record HostTensor(Type type, long[] shape, ByteBuffer data) {
    /** An array of Java holds no more. */
    static final long MOST_BYTES = Integer.MAX_VALUE - 8;

    /** PyTorch has no tensors of more. */
    static final int MOST_DIMENSIONS = 64;

    /** Element types; the names are those of safetensors. */
    public enum Type {
        F32(4),
        I64(8);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        public int bytes() {
            return bytes;
        }
    }

    public HostTensor {
        long expected = elements(shape) * type.bytes;
        if (data.remaining() != expected) {
            throw new IllegalArgumentException("shape = " + Arrays.toString(shape) + " of " + type + " takes "
                    + expected + " bytes, data = " + data.remaining());
        }
    }

    public static HostTensor of(float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return new HostTensor(Type.F32, shape, data);
    }

    public static HostTensor ofLong(long value) {
        ByteBuffer data = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.putLong(0, value);
        return new HostTensor(Type.I64, new long[0], data);
    }

    /** The elements of an F32 tensor. */
    public float[] floats() {
        if (type != Type.F32) {
            throw new IllegalStateException("type = " + type + ": not F32");
        }
        float[] values = new float[data.remaining() / Float.BYTES];
        data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** Whether every element is a number. */
    boolean isFinite() {
        if (type != Type.F32) {
            return true;
        }
        FloatBuffer values = data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        // x · 0 is 0 for every finite x, and NaN for the others.
        float sum = 0;
        for (int i = 0; i < values.limit(); i++) {
            sum += values.get(i) * 0;
        }
        return sum == 0;
    }

    /** The first of some tensors that holds a value that is not finite. */
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
