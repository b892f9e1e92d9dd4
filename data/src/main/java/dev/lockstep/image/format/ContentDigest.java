package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import java.io.OutputStream;
import java.nio.file.Path;

/** The SHA-256 of a file's uncompressed contents: the same for a plain file and its {@code .gz}. */
public final class ContentDigest {
    private ContentDigest() {}

    /**
     * Computes the digest.
     *
     * @return the SHA-256 in hexadecimal
     * @throws LockstepException of kind DATA when the file cannot be read or its compression is damaged
     */
    public static String of(Path file) {
        StringBuilder digest = new StringBuilder();
        ContentFile.read(
                file,
                (in, name) -> in.transferTo(OutputStream.nullOutputStream()),
                (path, found) -> digest.append(found));
        return digest.toString();
    }
}
