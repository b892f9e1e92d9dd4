package dev.lockstep.evidence.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/** Damages files. */
public final class Damage {
    private Damage() {}

    public static void truncate(Path file, long bytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(bytes);
        }
    }

    /** Flips one bit of the byte at an offset. */
    public static void flipBit(Path file, long offset) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(offset);
            int value = open.read();
            open.seek(offset);
            open.write(value ^ 16);
        }
    }
}
