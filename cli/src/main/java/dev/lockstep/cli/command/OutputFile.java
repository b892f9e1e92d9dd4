package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Predicate;

/** An output file of a command. It may replace only an earlier file that the same command wrote. */
public final class OutputFile {
    private static final int START = 4096;

    private OutputFile() {}

    /**
     * Checks that a file may be written.
     *
     * @param option the option that names it
     * @param isOurs whether a file with this beginning was written by the command
     * @throws LockstepException of kind RECIPE when the name belongs to another file
     */
    public static void requireReplaceable(String option, Path file, Predicate<String> isOurs) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !(Files.isRegularFile(file) && isOurs.test(start(file)))) {
            throw LockstepException.recipe(
                    "the existing file was not written by this command and is kept",
                    option + " = " + file,
                    "give another name, or move it away");
        }
    }

    /** The first bytes, each as one character; empty for an unreadable file. */
    private static String start(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(START), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
