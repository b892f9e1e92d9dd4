package dev.lockstep.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes an OrderedDict of tensors as a pickle (protocol 2), as {@code torch.save} does for a state dict. The elements
 * of the i-th tensor are in storage i.
 */
final class PickleWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int storages;

    PickleWriter() {
        out.write(0x80);
        out.write(2);
        orderedDict();
        out.write('(');
    }

    PickleWriter tensor(String name, HostTensor tensor) {
        text(name);
        global("torch._utils", "_rebuild_tensor_v2");
        out.write('(');
        storage(tensor);
        number(0);
        tuple(tensor.shape());
        tuple(ElementType.rowMajor(tensor.shape()));
        out.write(0x89);
        orderedDict();
        out.write('t');
        out.write('R');
        return this;
    }

    byte[] finish() {
        out.write('u');
        out.write('.');
        return out.toByteArray();
    }

    /** A reference for the reader's persistent_load: ('storage', type, key, location, elements). */
    private void storage(HostTensor tensor) {
        out.write('(');
        text("storage");
        global("torch", tensor.type() == HostTensor.Type.F32 ? "FloatStorage" : "LongStorage");
        text(Integer.toString(storages++));
        text("cpu");
        number(HostTensor.elements(tensor.shape()));
        out.write('t');
        out.write('Q');
    }

    private void orderedDict() {
        global("collections", "OrderedDict");
        out.write(')');
        out.write('R');
    }

    private void global(String module, String name) {
        out.write('c');
        out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        littleEndian(bytes.length);
        out.writeBytes(bytes);
    }

    private void tuple(long[] values) {
        out.write('(');
        for (long value : values) {
            number(value);
        }
        out.write('t');
    }

    private void number(long value) {
        out.write('J');
        littleEndian(Math.toIntExact(value));
    }

    private void littleEndian(int value) {
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }
}
