package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/** The YAML form of a {@link Recipe}: strict, with defaults, and with overrides from the command line. */
public final class RecipeFile {
    private RecipeFile() {}

    /**
     * @param overrides dotted key paths, such as {@code learning-rate.warmup.kind}, with the YAML text of their value
     * @throws LockstepException of kind RECIPE, naming file, line, key and value
     */
    public static Recipe read(Path file, Map<String, String> overrides) {
        return parse(readText(file), file.toString(), overrides);
    }

    /**
     * @param source what the text is called in messages
     */
    public static Recipe parse(String yaml, String source, Map<String, String> overrides) {
        return YamlRecords.read(Recipe.class, yaml, source, overrides);
    }

    static String readText(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw LockstepException.recipe("no such recipe", "file = " + file, "give the path of a YAML file");
        } catch (MalformedInputException e) {
            throw LockstepException.recipe(
                    "recipe is not UTF-8 text", "file = " + file, "give the path of a YAML file");
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.RECIPE,
                    "recipe cannot be read: " + e.getMessage(),
                    "file = " + file,
                    "check the path and its permissions",
                    e);
        }
    }
}
