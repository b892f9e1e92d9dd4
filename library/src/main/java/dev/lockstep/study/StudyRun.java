package dev.lockstep.study;

import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;

/**
 * One run of a study's grid.
 *
 * @param recipe resolved: base, study, variant and seed
 * @param folder where the run lives
 */
public record StudyRun(StudyFile.Variant variant, long seed, Recipe recipe, Path folder) {
    /** What a person calls it. */
    public String title() {
        return variant.name() + " seed " + seed;
    }
}
