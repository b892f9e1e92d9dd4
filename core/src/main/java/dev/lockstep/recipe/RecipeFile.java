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
     * @param source the name of the text in messages
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
     * The text of a recipe with one value set; comments and everything else are kept.
     *
     * @param source the name of the text in messages
     * @param key a dotted path; added where the text does not contain it
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when the text shares the value, or the group of the key,
     *     with another one; tells the user the edit to make
     */
    public static String set(String yaml, String source, String key, String value) {
        return new YamlEdit(yaml, source).set(key, value);
    }
}
