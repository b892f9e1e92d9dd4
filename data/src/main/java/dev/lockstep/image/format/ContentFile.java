package dev.lockstep.image.format;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Fingerprint;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Reads a file that may be gzip-compressed (detected by its first bytes, not its name), and hashes it in the same pass.
 */
final class ContentFile {
    /** The limit for uncompressed contents. The largest file of a known dataset has 154 MB. */
    static final int MOST_BYTES = 1 << 28;

    private static final int BUFFER = 1 << 16;

    private ContentFile() {}

    /** Parses a stream. The file's name is for messages. */
    interface Parser<T> {
        T parse(InputStream in, String file) throws IOException;
    }

    /**
     * Parses a file's contents, then checks them. In this order, because a message about the format is more useful than
     * one about the checksum.
     *
     * @throws LockstepException of kind DATA, naming the file, when it cannot be read or a check fails
     */
    static <T> T read(Path file, Parser<T> parser, ContentCheck check) {
        try (InputStream raw = new BufferedInputStream(open(file), BUFFER);
                DigestInputStream in =
                        new DigestInputStream(new Limited(decompressed(raw), file), Fingerprint.sha256())) {
            T parsed = parser.parse(in, file.toString());
            check.verify(file, HexFormat.of().formatHex(in.getMessageDigest().digest()));
            return parsed;
        } catch (NoSuchFileException e) {
            throw LockstepException.data("no such file", "file = " + file, "check the data folder");
        } catch (EOFException | ZipException e) {
            throw failure("gzip data is damaged or truncated", file, "fetch the file again", e);
        } catch (IOException e) {
            throw failure("cannot read the file: " + e.getMessage(), file, "check the file and its permissions", e);
        }
    }

    private static InputStream open(Path file) throws IOException {
        InputFile.requireRegular(file);
        return Files.newInputStream(file);
    }

    /** A stream with a size limit: a few megabytes of gzip can expand to gigabytes. */
    private static final class Limited extends FilterInputStream {
        private final Path file;
        private long left = MOST_BYTES;

        Limited(InputStream in, Path file) {
            super(in);
            this.file = file;
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            count(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = super.read(target, offset, length);
            count(read);
            return read;
        }

        private void count(int read) {
            left -= Math.max(0, read);
            if (left < 0) {
                throw LockstepException.data(
                        "file is too large for a dataset",
                        "file = " + file + ", limit in uncompressed bytes = " + MOST_BYTES,
                        "fetch the file again");
            }
        }
    }

    private static InputStream decompressed(InputStream in) throws IOException {
        in.mark(2);
        boolean gzip = in.read() == 0x1F && in.read() == 0x8B;
        in.reset();
        return gzip ? new GZIPInputStream(in, BUFFER) : in;
    }

    private static LockstepException failure(String what, Path file, String fix, IOException cause) {
        return new LockstepException(LockstepException.Kind.DATA, what, "file = " + file, fix, cause);
    }
}
