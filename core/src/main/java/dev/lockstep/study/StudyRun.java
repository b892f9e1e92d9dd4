package dev.lockstep.study;

import dev.lockstep.recipe.Recipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * One run in a study's grid.
 *
 * @param variant the variant
 * @param seed the seed
 * @param recipe the resolved recipe: base recipe, study, variant and seed combined
 * @param folder the run folder
 */
public record StudyRun(StudyFile.Variant variant, long seed, Recipe recipe, Path folder) {
    /**
     * The SHA-256 of the resolved recipe without its name. On the same data, runs with the same hash end with the same
     * weights.
     */
    public String recipeSha256() {
        String nameless = recipe.withName("any").toYaml();
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(nameless.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A short name for messages. */
    public String title() {
        return variant.name() + " seed " + seed;
    }
}
