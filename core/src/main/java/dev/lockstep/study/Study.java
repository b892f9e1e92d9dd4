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
 * A study with its recipes resolved: every variant has been checked before the first run starts.
 *
 * @param file the experiment as it was stated
 * @param path of the study's file
 * @param recipes by variant; their seed is the base recipe's
 */
public record Study(StudyFile file, Path path, Map<String, Recipe> recipes) {
    /** @throws LockstepException of kind RECIPE, naming what is wrong in the study, in its base recipe or in a variant */
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
            throw LockstepException.recipe(e.getMessage(), "in the study's variant = " + variant.name(), "");
        }
    }

    /** The keys in which a variant differs from the base recipe, as {@code --set} takes them. */
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
                        "ask for an earlier epoch");
            }
            if (question.kind() == StudyFile.Kind.ELBOW) {
                requireDistinctMinibatches();
            }
            if (question.kind() == StudyFile.Kind.CURVES_COINCIDE
                    && recipe(question.variant()).epochs() != epochs) {
                throw LockstepException.recipe(
                        "curves-coincide needs runs of equal length",
                        question.variant() + " has epochs = "
                                + recipe(question.variant()).epochs() + ", " + question.baseline() + " has epochs = "
                                + epochs,
                        "give both the same epochs");
            }
        }
    }

    private void requireDistinctMinibatches() {
        Map<Integer, String> variants = new HashMap<>();
        recipes.forEach((variant, recipe) -> {
            String other = variants.put(recipe.minibatch(), variant);
            if (other != null) {
                throw LockstepException.recipe(
                        "elbow needs a minibatch of its own for every variant",
                        other + " and " + variant + " have kn = " + recipe.minibatch(),
                        "ask it in a study of minibatches alone");
            }
        });
    }

    public Recipe recipe(String variant) {
        Recipe recipe = recipes.get(variant);
        if (recipe == null) {
            throw new IllegalArgumentException("variant = " + variant + " is not one of " + recipes.keySet());
        }
        return recipe;
    }

    /** Every run, seed by seed: the first seed of all variants comes before the second of any. */
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
        Recipe recipe = recipe(variant.name()).with(Map.of("seed", Long.toString(seed)));
        Path folder = out.resolve("runs").resolve(variant.name()).resolve("seed-" + seed);
        return new StudyRun(variant, seed, recipe, folder);
    }
}
