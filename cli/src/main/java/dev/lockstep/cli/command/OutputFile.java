package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Predicate;

/** A file that a command is told to write. It may take the place of an earlier one that the same command wrote, and of no other. */
public final class OutputFile {
    private static final int START = 4096;

    private OutputFile() {}

    /**
     * Checks that a file may be written.
     *
     * @param option that names it
     * @param isOurs whether a file that begins so is one that the command wrote
     * @throws LockstepException of kind RECIPE when something else has the name
     */
    public static void requireReplaceable(String option, Path file, Predicate<String> isOurs) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !(Files.isRegularFile(file) && isOurs.test(start(file)))) {
            throw LockstepException.recipe(
                    "what is there was not written by this command, and stays",
                    option + " = " + file,
                    "give another name, or move it away");
        }
    }

    /** The first bytes, each as one character; none of a file that cannot be read. */
    private static String start(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(START), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
