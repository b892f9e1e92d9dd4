package dev.lockstep.plan;

import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.util.LinkedHashMap;
import java.util.Map;

/** Recipes of tests. */
final class Recipes {
    private static final String PAPER = """
            name: paper
            epochs: 90
            workers: 256
            data: {dataset: imagenet}
            model: {name: resnet50}
            learning-rate:
              warmup: {kind: gradual, epochs: 5}
              schedule: {kind: step, epochs: [30, 60, 80], factor: 0.1}
            """;

    static final int IMAGENET_IMAGES = 1_281_167;

    private Recipes() {}

    /** The paper's ResNet-50 at 8k, with some keys set. */
    static Recipe paper8k(String... keysAndValues) {
        Map<String, String> overrides = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            overrides.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return RecipeFile.parse(PAPER, "paper", overrides);
    }
}
