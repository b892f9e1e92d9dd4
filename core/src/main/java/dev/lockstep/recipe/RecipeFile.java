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

    /**
     * The text of a recipe's file.
     *
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when it cannot be read
     */
    public static String text(Path file) {
        return YamlRecords.text(file, "recipe");
    }

    /**
     * The text of a recipe with one value exchanged; comments and everything else stay.
     *
     * @param source what the text is called in messages
     * @param key a dotted path
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when the text does not write the key, or shares its
     *     value with another one: says what to write where
     */
    public static String replace(String yaml, String source, String key, String value) {
        return new YamlEdit(yaml, source).replace(key, value);
    }
}
