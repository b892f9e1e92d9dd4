package dev.lockstep.errors;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads a whole file into memory, up to a size limit. Only regular files are accepted. */
public final class InputFile {
    private InputFile() {}

    /**
     * Reads a file's bytes.
     *
     * @param most the size limit in bytes
     * @throws IOException when the file is larger (the message states the limit) or not a regular file
     */
    public static byte[] bytes(Path file, int most) throws IOException {
        requireRegular(file);
        try (InputStream in = Files.newInputStream(file)) {
            // The reported size may be wrong: files in /proc report 0.
            byte[] bytes = in.readNBytes(most);
            if (in.read() >= 0) {
                throw new FileSystemException(file.toString(), null, "larger than " + most + " bytes, the limit");
            }
            return bytes;
        }
    }

    /**
     * Reads a file as UTF-8 text.
     *
     * @param most the size limit in bytes
     * @throws java.nio.charset.CharacterCodingException when the file is not valid UTF-8
     * @throws IOException as in {@link #bytes}
     */
    public static String text(Path file, int most) throws IOException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes(file, most)))
                .toString();
    }

    /** Rejects folders, and devices and pipes, which may never end. */
    public static void requireRegular(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            if (!Files.exists(file)) {
                if (!file.getFileSystem().equals(FileSystems.getDefault())) {
                    // A store that does not answer says why.
                    file.getFileSystem().provider().checkAccess(file);
                }
                throw new NoSuchFileException(file.toString());
            }
            throw new FileSystemException(file.toString(), null, "not a regular file");
        }
    }
}
