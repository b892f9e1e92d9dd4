package dev.lockstep.image.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Writes tar archives for tests. */
public final class TarFiles {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, 512, "UTF-8");

    public TarFiles add(String name, byte... contents) {
        try {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            TarArchiveEntry entry = new TarArchiveEntry(name);
            entry.setSize(contents.length);
            tar.putArchiveEntry(entry);
            tar.write(contents);
            tar.closeArchiveEntry();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public TarFiles add(String name, String contents) {
        return add(name, contents.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    public byte[] bytes() {
        try {
            tar.finish();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A member that is not a file. */
    public TarFiles special(String name, byte kind) {
        return special(name, kind, 0);
    }

    /** A member that is not a file, with a number of zeros as its contents. */
    public TarFiles special(String name, byte kind, int size) {
        try {
            TarArchiveEntry entry = new TarArchiveEntry(name, kind);
            entry.setLinkName("elsewhere");
            entry.setSize(size);
            tar.putArchiveEntry(entry);
            tar.write(new byte[size]);
            tar.closeArchiveEntry();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
