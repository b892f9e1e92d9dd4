package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Path;

/** Checks that a file's contents are the expected ones. */
@FunctionalInterface
public interface ContentCheck {
    /** Accepts any contents; for the user's own data. */
    ContentCheck NONE = (file, sha256) -> {};

    /**
     * Checks a file.
     *
     * @param sha256 the SHA-256 of the uncompressed contents, in hexadecimal
     * @throws LockstepException of kind DATA when the contents differ
     */
    void verify(Path file, String sha256);
}
