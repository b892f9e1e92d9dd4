package dev.lockstep.recipe;

import java.nio.file.Path;
import java.util.Map;

/** The YAML form of a {@link Recipe}: strict, with defaults, and with overrides from the command line. */
public final class RecipeFile {
    private RecipeFile() {}

    /**
     * @param overrides dotted key paths, such as {@code learning-rate.warmup.kind}, with the YAML text of their value
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE, naming file, line, key and value
     */
    public static Recipe read(Path file, Map<String, String> overrides) {
        return YamlRecords.read(Recipe.class, file, "recipe", overrides);
    }

    /**
     * @param source what the text is called in messages
     */
    public static Recipe parse(String yaml, String source, Map<String, String> overrides) {
        return YamlRecords.read(Recipe.class, yaml, source, overrides);
    }
}
