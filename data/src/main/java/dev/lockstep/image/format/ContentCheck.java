package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Path;

/** Says whether a file's contents are what they should be. */
@FunctionalInterface
public interface ContentCheck {
    /** Takes every content; for data of one's own. */
    ContentCheck NONE = (file, sha256) -> {};

    /**
     * @param sha256 of the contents without compression, in hexadecimal
     * @throws LockstepException of kind DATA when they are not
     */
    void verify(Path file, String sha256);
}
