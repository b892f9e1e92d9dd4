package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A study with resolved recipes, so that every variant is checked before the first run starts.
 *
 * @param file the experiment as stated
 * @param path the path of the study's file
 * @param recipes the recipes by variant name, with the base recipe's seed
 */
public record Study(StudyFile file, Path path, Map<String, Recipe> recipes) {
    /**
     * Reads and checks a study.
     *
     * @throws LockstepException of kind RECIPE when the study, its base recipe or a variant is invalid
     */
    public static Study read(Path path) {
        StudyFile file = StudyFile.read(path);
        Path base = path.resolveSibling(file.recipe());
        RecipeFile.read(base, Map.of());
        Map<String, Recipe> recipes = new LinkedHashMap<>();
        file.variants().forEach(variant -> recipes.put(variant.name(), recipe(file, base, variant)));
        Study study = new Study(file, path, recipes);
        study.checkQuestions();
        return study;
    }

    private static Recipe recipe(StudyFile file, Path base, StudyFile.Variant variant) {
        try {
            return RecipeFile.read(base, overrides(file, variant));
        } catch (LockstepException e) {
            throw LockstepException.recipe(e.getMessage(), "in variant = " + variant.name(), "");
        }
    }

    /** The recipe keys that a variant overrides, as dotted paths, with their values. */
    public Map<String, String> overrides(StudyFile.Variant variant) {
        return overrides(file, variant);
    }

    private static Map<String, String> overrides(StudyFile file, StudyFile.Variant variant) {
        Map<String, String> overrides = file.keysOf(variant);
        overrides.put("name", file.name() + "-" + variant.name());
        return overrides;
    }

    private void checkQuestions() {
        for (StudyFile.Question question : file.questions()) {
            int epochs = recipe(question.baseline()).epochs();
            if (question.afterEpoch() >= epochs) {
                throw LockstepException.recipe(
                        "after-epoch = " + question.afterEpoch(),
                        "the runs have epochs = " + epochs,
                        "use an earlier epoch");
            }
            if (question.kind() == StudyFile.Kind.ELBOW) {
                requireDistinctMinibatches();
            }
            if (question.kind() == StudyFile.Kind.CURVES_COINCIDE
                    && recipe(question.variant()).epochs() != epochs) {
                throw LockstepException.recipe(
                        "curves-coincide needs runs with the same number of epochs",
                        question.variant() + " has epochs = "
                                + recipe(question.variant()).epochs() + ", " + question.baseline() + " has epochs = "
                                + epochs,
                        "set the same epochs for both");
            }
        }
    }

    private void requireDistinctMinibatches() {
        Map<Integer, String> variants = new HashMap<>();
        recipes.forEach((variant, recipe) -> {
            String other = variants.put(recipe.minibatch(), variant);
            if (other != null) {
                throw LockstepException.recipe(
                        "elbow needs a different minibatch for each variant",
                        other + " and " + variant + " have kn = " + recipe.minibatch(),
                        "move the question to a study that varies only the minibatch");
            }
        });
    }

    /** The resolved recipe of a variant, with the base recipe's seed. */
    public Recipe recipe(String variant) {
        Recipe recipe = recipes.get(variant);
        if (recipe == null) {
            throw new IllegalArgumentException("variant = " + variant + " is not one of " + recipes.keySet());
        }
        return recipe;
    }

    /** All runs, seed by seed: the first seed of every variant comes before the second seed of any. */
    public List<StudyRun> grid(Path out) {
        List<StudyRun> grid = new ArrayList<>();
        int most = file.variants().stream()
                .mapToInt(variant -> file.seedsOf(variant).size())
                .max()
                .orElse(0);
        for (int i = 0; i < most; i++) {
            for (StudyFile.Variant variant : file.variants()) {
                List<Long> seeds = file.seedsOf(variant);
                if (i < seeds.size()) {
                    grid.add(run(out, variant, seeds.get(i)));
                }
            }
        }
        return grid;
    }

    private StudyRun run(Path out, StudyFile.Variant variant, long seed) {
        Recipe recipe = recipe(variant.name()).withSeed(seed);
        Path folder = out.resolve("runs").resolve(variant.name()).resolve("seed-" + seed);
        return new StudyRun(variant, seed, recipe, folder);
    }
}
