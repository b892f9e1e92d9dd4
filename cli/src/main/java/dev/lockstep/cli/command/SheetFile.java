package dev.lockstep.cli.command;

import dev.lockstep.files.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** A contact sheet as a PNG file that identifies its creator, so that a later sheet replaces it but never a photograph. */
final class SheetFile {
    /** The position after the signature and the header, the first chunk of every PNG file. */
    private static final int AT = 8 + 25;

    private static final String MARK = "tEXtSoftware\0Lockstep contact sheet";

    private SheetFile() {}

    static void requireReplaceable(String option, Path file) {
        OutputFile.requireReplaceable(option, file, start -> start.startsWith(MARK, AT + Integer.BYTES));
    }

    static void write(Path file, byte[] png) throws IOException {
        byte[] mark = MARK.getBytes(StandardCharsets.ISO_8859_1);
        CRC32 checksum = new CRC32();
        checksum.update(mark);
        ByteBuffer marked = ByteBuffer.allocate(png.length + mark.length + 2 * Integer.BYTES);
        marked.put(png, 0, AT);
        marked.putInt(mark.length - "tEXt".length()).put(mark).putInt((int) checksum.getValue());
        marked.put(png, AT, png.length - AT);
        DurableFiles.write(file, marked.array());
    }
}
