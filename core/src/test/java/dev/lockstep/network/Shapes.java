package dev.lockstep.network;

import dev.lockstep.recipe.Recipe;

/** The shapes of networks, as {@code plan} gets them. */
public final class Shapes {
    public static final ClassificationTask IMAGENET = new ClassificationTask(3, 224, 224, 1000);

    private Shapes() {}

    public static NetworkShape of(String name, ClassificationTask task) {
        return of(new Recipe.Model(name, 0, true), task);
    }

    public static NetworkShape of(Recipe.Model settings, ClassificationTask task) {
        return Networks.named(settings).shape(settings, task).orElseThrow();
    }
}
