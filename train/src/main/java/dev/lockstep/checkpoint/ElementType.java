package dev.lockstep.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * The element types that weight files may contain, under their safetensors names. Floating-point types are read as
 * float32 (which rounds float64), the others as int64.
 */
enum ElementType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    int bytes() {
        return bytes;
    }

    static Optional<ElementType> named(String name) {
        return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }

    /** The size in host memory of a number of elements, in bytes. */
    long hostBytes(long elements) {
        return Math.multiplyExact(elements, (long) Math.max(bytes, hostType().bytes()));
    }

    private HostTensor.Type hostType() {
        return isFloating() ? HostTensor.Type.F32 : HostTensor.Type.I64;
    }

    private boolean isFloating() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }

    /** A tensor of all elements in {@code data}, in row-major order. May share its memory. */
    HostTensor tensor(ByteBuffer data, long[] shape) {
        return tensor(data, 0, shape, rowMajor(shape));
    }

    /**
     * A tensor of the elements at {@code offset + Σ index · stride}. May share the storage's memory.
     *
     * @param storage elements of this type from position 0, in the buffer's byte order
     * @throws IllegalArgumentException when an element lies outside the storage, or the tensor has more elements than
     *     the storage
     */
    HostTensor tensor(ByteBuffer storage, long offset, long[] shape, long[] stride) {
        int elements = checkInside(storage, offset, shape, stride);
        HostTensor.Type type = hostType();
        boolean asItIs = name().equals(type.name()) && storage.order() == ByteOrder.LITTLE_ENDIAN;
        if (asItIs && (elements == 0 || Arrays.equals(packed(stride, shape), packed(rowMajor(shape), shape)))) {
            ByteBuffer part = storage.slice((int) (elements == 0 ? 0 : offset) * bytes, elements * bytes);
            return new HostTensor(type, shape, part.order(ByteOrder.LITTLE_ENDIAN));
        }
        ByteBuffer data =
                ByteBuffer.allocate(Math.multiplyExact(elements, type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        long[] index = new long[shape.length];
        long at = offset;
        for (int i = 0; i < elements; i++) {
            if (type == HostTensor.Type.F32) {
                data.putFloat(floatAt(storage, (int) at * bytes));
            } else {
                data.putLong(longAt(storage, (int) at * bytes));
            }
            at = advance(index, at, shape, stride);
        }
        return new HostTensor(type, shape, data.flip());
    }

    private int checkInside(ByteBuffer storage, long offset, long[] shape, long[] stride) {
        long held = storage.limit() / bytes;
        long elements = HostTensor.elements(shape);
        long last = offset;
        for (int d = 0; d < shape.length && elements > 0; d++) {
            last = Math.addExact(last, Math.multiplyExact(shape[d] - 1, stride[d]));
        }
        boolean negative = offset < 0
                || Arrays.stream(stride).anyMatch(s -> s < 0)
                || Arrays.stream(shape).anyMatch(s -> s < 0);
        if (hostBytes(elements) > HostTensor.MOST_BYTES) {
            throw new IllegalArgumentException(
                    "a tensor has " + hostBytes(elements) + " bytes in memory, limit = " + HostTensor.MOST_BYTES);
        }
        if (negative || elements > 0 && last >= held || elements > held) {
            throw new IllegalArgumentException("shape = " + Arrays.toString(shape) + ", stride = "
                    + Arrays.toString(stride) + ", offset = " + offset + " do not fit in a storage of " + held);
        }
        return (int) elements;
    }

    private static long advance(long[] index, long from, long[] shape, long[] stride) {
        long at = from;
        for (int d = shape.length - 1; d >= 0; d--) {
            at += stride[d];
            if (++index[d] < shape[d]) {
                return at;
            }
            at -= shape[d] * stride[d];
            index[d] = 0;
        }
        return at;
    }

    static long[] rowMajor(long[] shape) {
        long[] stride = new long[shape.length];
        long product = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            stride[d] = product;
            product = Math.multiplyExact(product, Math.max(1, shape[d]));
        }
        return stride;
    }

    /** The strides that matter: those of dimensions larger than 1. */
    private static long[] packed(long[] stride, long[] shape) {
        long[] packed = stride.clone();
        for (int d = 0; d < shape.length; d++) {
            packed[d] = shape[d] > 1 ? stride[d] : 0;
        }
        return packed;
    }

    private float floatAt(ByteBuffer data, int at) {
        return switch (this) {
            case F64 -> (float) data.getDouble(at);
            case F32 -> data.getFloat(at);
            case F16 -> half(data.getShort(at));
            case BF16 -> Float.intBitsToFloat(data.getShort(at) << 16);
            default -> throw new IllegalStateException(this + " is not floating");
        };
    }

    private long longAt(ByteBuffer data, int at) {
        return switch (this) {
            case I64 -> data.getLong(at);
            case I32 -> data.getInt(at);
            case I16 -> data.getShort(at);
            case I8 -> data.get(at);
            case U8, BOOL -> data.get(at) & 0xFF;
            default -> throw new IllegalStateException(this + " is floating");
        };
    }

    /** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. Every value is exact in float32. */
    private static float half(short bits) {
        int exponent = bits >> 10 & 0x1F;
        int fraction = bits & 0x3FF;
        float magnitude = switch (exponent) {
            case 0 -> fraction * 0x1p-24f;
            case 0x1F -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
            default -> Float.intBitsToFloat(exponent + 112 << 23 | fraction << 13);
        };
        return bits < 0 ? -magnitude : magnitude;
    }
}
