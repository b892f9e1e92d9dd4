package dev.lockstep.evidence.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Simulates bad memory. */
public final class FlipBit {
    private static final int CHUNK = 1 << 24;

    private FlipBit() {}

    /**
     * Finds the values of a checkpoint's tensor anywhere in the memory of a running process, and flips the
     * last bit of the first value. Returns the number of places where it found them.
     */
    public static int inMemory(Member process, Path checkpoint, String name) throws IOException {
        byte[] tensor = tensor(checkpoint, name);
        byte[] flipped = tensor.clone();
        flipped[0] ^= 1;
        int found = 0;
        try (RandomAccessFile memory = new RandomAccessFile(process.file("mem").toFile(), "rw")) {
            for (String region : Files.readAllLines(process.file("maps"))) {
                String[] fields = region.split("[- ]", 4);
                if (fields[2].startsWith("rw")) {
                    found +=
                            flip(memory, Long.parseLong(fields[0], 16), Long.parseLong(fields[1], 16), tensor, flipped);
                }
            }
        }
        return found;
    }

    private static byte[] tensor(Path checkpoint, String name) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(checkpoint)).order(ByteOrder.LITTLE_ENDIAN);
        int start = Math.toIntExact(Long.BYTES + file.getLong(0));
        String header = new String(file.array(), Long.BYTES, start - Long.BYTES, StandardCharsets.UTF_8);
        Matcher entry = Pattern.compile("\"" + Pattern.quote(name) + "\":\\{[^}]*\"data_offsets\":\\[(\\d+),(\\d+)]")
                .matcher(header);
        if (!entry.find()) {
            throw new IllegalArgumentException("no such tensor: " + name);
        }
        return Arrays.copyOfRange(
                file.array(), start + Integer.parseInt(entry.group(1)), start + Integer.parseInt(entry.group(2)));
    }

    private static int flip(RandomAccessFile memory, long from, long to, byte[] tensor, byte[] flipped)
            throws IOException {
        int found = 0;
        byte[] chunk = new byte[CHUNK + tensor.length];
        for (long at = from; at < to; at += CHUNK) {
            int length = (int) Math.min(chunk.length, to - at);
            memory.seek(at);
            try {
                memory.readFully(chunk, 0, length);
            } catch (IOException e) {
                continue; // an unreadable part
            }
            // Four-byte values are at multiples of four. A match in the chunk's overlap belongs to the next
            // one.
            for (int i = 0; i < CHUNK && i + tensor.length <= length; i += Float.BYTES) {
                if (chunk[i] == tensor[0] && Arrays.equals(chunk, i, i + tensor.length, tensor, 0, tensor.length)) {
                    memory.seek(at + i);
                    memory.write(flipped, 0, Float.BYTES);
                    found++;
                }
            }
        }
        return found;
    }
}
