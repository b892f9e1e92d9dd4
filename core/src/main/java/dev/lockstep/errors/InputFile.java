package dev.lockstep.errors;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file that is read whole, and so must be a regular file that is not larger than such files are. */
public final class InputFile {
    private InputFile() {}

    /**
     * The bytes of a file.
     *
     * @param most bytes that it may have
     * @throws IOException that says which limit it is, too, when the file is larger or no regular file
     */
    public static byte[] bytes(Path file, int most) throws IOException {
        requireRegular(file);
        try (InputStream in = Files.newInputStream(file)) {
            // The size that the system tells may be wrong: files of /proc have none.
            byte[] bytes = in.readNBytes(most);
            if (in.read() >= 0) {
                throw new FileSystemException(file.toString(), null, "larger than " + most + " bytes, the limit");
            }
            return bytes;
        }
    }

    /**
     * The text of a file in UTF-8.
     *
     * @param most bytes that it may have
     * @throws java.nio.charset.CharacterCodingException when it is not UTF-8
     * @throws IOException as in {@link #bytes}
     */
    public static String text(Path file, int most) throws IOException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes(file, most)))
                .toString();
    }

    /** Refuses devices and pipes, which may never end, and folders. */
    public static void requireRegular(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            if (!Files.exists(file)) {
                throw new NoSuchFileException(file.toString());
            }
            throw new FileSystemException(file.toString(), null, "not a regular file");
        }
    }
}
