package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The RECIPE argument, with {@code --set}. */
final class RecipeArgument {
    @Parameters(paramLabel = "RECIPE", description = "A recipe, such as recipes/fashion-mnist.yaml.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--set",
            order = 3,
            paramLabel = "KEY.PATH=VALUE",
            description = "Sets a key of the recipe, such as workers=16 or learning-rate.warmup.kind=none; repeatable.")
    private Map<String, String> overrides = new LinkedHashMap<>();

    Recipe read() {
        return read(text());
    }

    /** The contents of the file. */
    String text() {
        return RecipeFile.text(file);
    }

    /** @param text of the file */
    Recipe read(String text) {
        return RecipeFile.parse(text, file.toString(), overrides);
    }

    boolean hasOverrides() {
        return !overrides.isEmpty();
    }

    /**
     * Sets one value in the file, and others that follow from it; everything else stays byte for byte.
     *
     * @param text that was read and must still be in the file
     * @param more dotted keys with their values
     */
    void set(String text, String key, String value, Map<String, String> more) {
        String changed = RecipeFile.set(text, file.toString(), key, value);
        for (Map.Entry<String, String> other : more.entrySet()) {
            changed = RecipeFile.set(changed, file.toString(), other.getKey(), other.getValue());
        }
        try {
            Path target = file.toRealPath(); // A link stays a link.
            if (!RecipeFile.text(target).equals(text)) {
                throw LockstepException.recipe(
                        "the recipe has changed since it was read and was not modified",
                        "file = " + file,
                        "set " + key + " to " + value + " there by hand");
            }
            write(target, changed);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "the recipe cannot be written: " + e,
                    "file = " + file,
                    "set " + key + " to " + value + " there by hand");
        }
    }

    private static void write(Path target, String text) throws IOException {
        PosixFileAttributeView old = Files.getFileAttributeView(target, PosixFileAttributeView.class);
        Set<PosixFilePermission> permissions =
                old == null ? null : old.readAttributes().permissions();
        DurableFiles.write(target, text);
        if (permissions != null) {
            Files.setPosixFilePermissions(target, permissions);
        }
    }

    Path file() {
        return file;
    }
}
