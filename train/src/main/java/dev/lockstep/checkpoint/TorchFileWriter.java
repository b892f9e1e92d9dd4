package dev.lockstep.checkpoint;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a state dict as {@code torch.save} has since PyTorch 1.6: an uncompressed zip archive of a pickle and one file
 * per storage, each aligned to 64 bytes, so that {@code torch.load(…, mmap=True)} can use it in place. Equal tensors
 * give equal files.
 */
final class TorchFileWriter {
    private static final String FOLDER = "archive/";
    private static final int ALIGNMENT = 64;
    /** Bytes of a zip entry's local header before its name. */
    private static final int HEADER = 30;
    /** An extra field that readers skip; PyTorch pads with the same one. */
    private static final short PADDING = 'F' | 'B' << 8;

    /**
     * Any time except the earliest one that zip supports, which Java treats as earlier still and stores in an
     * additional field.
     */
    private static final LocalDateTime TIME = LocalDateTime.of(2000, 1, 1, 0, 0);

    private final Counting out;
    private final ZipOutputStream zip;

    private TorchFileWriter(OutputStream out) {
        this.out = new Counting(out);
        this.zip = new ZipOutputStream(this.out);
    }

    static void write(OutputStream out, Map<String, HostTensor> tensors) throws IOException {
        TorchFileWriter writer = new TorchFileWriter(out);
        PickleWriter pickle = new PickleWriter();
        tensors.forEach(pickle::tensor);
        writer.entry("data.pkl", ByteBuffer.wrap(pickle.finish()));
        writer.entry("byteorder", text("little"));
        int storage = 0;
        for (HostTensor tensor : tensors.values()) {
            writer.entry("data/" + storage++, tensor.data().duplicate());
        }
        writer.entry("version", text("3\n"));
        writer.zip.finish();
        writer.zip.flush();
    }

    /** Whether a file begins like one written by this class. PyTorch's own files have a different time. */
    static boolean wrote(Path file) throws IOException {
        byte[] start = new byte[HEADER + FOLDER.length()];
        try (InputStream in = Files.newInputStream(file)) {
            if (in.readNBytes(start, 0, start.length) < start.length) {
                return false;
            }
        }
        ByteBuffer header = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
        int date = TIME.getYear() - 1980 << 9 | TIME.getMonthValue() << 5 | TIME.getDayOfMonth();
        return header.getShort(10) == 0
                && header.getShort(12) == (short) date
                && new String(start, HEADER, FOLDER.length(), StandardCharsets.US_ASCII).equals(FOLDER);
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void entry(String name, ByteBuffer data) throws IOException {
        ZipEntry entry = new ZipEntry(FOLDER + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(data.remaining());
        CRC32 checksum = new CRC32();
        checksum.update(data.duplicate());
        entry.setCrc(checksum.getValue());
        entry.setTimeLocal(TIME);
        zip.flush();
        entry.setExtra(padding(out.written + HEADER + FOLDER.length() + name.length()));
        zip.putNextEntry(entry);
        byte[] chunk = new byte[1 << 16];
        while (data.hasRemaining()) {
            int length = Math.min(chunk.length, data.remaining());
            data.get(chunk, 0, length);
            zip.write(chunk, 0, length);
        }
        zip.closeEntry();
    }

    private static byte[] padding(long start) {
        int length = Math.floorMod(-(start + 4), ALIGNMENT);
        return ByteBuffer.allocate(4 + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(PADDING)
                .putShort((short) length)
                .array();
    }

    private static final class Counting extends FilterOutputStream {
        private long written;

        Counting(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            written++;
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
            written += length;
        }
    }
}
