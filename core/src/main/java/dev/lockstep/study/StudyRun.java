package dev.lockstep.study;

import dev.lockstep.recipe.Recipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * One run of a study's grid.
 *
 * @param recipe resolved: base, study, variant and seed
 * @param folder where the run lives
 */
public record StudyRun(StudyFile.Variant variant, long seed, Recipe recipe, Path folder) {
    /** SHA-256 of the resolved recipe without its name: runs that agree in it end with the same weights. */
    public String recipeSha256() {
        String nameless = recipe.with(Map.of("name", "any")).toYaml();
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(nameless.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a person calls it. */
    public String title() {
        return variant.name() + " seed " + seed;
    }
}
