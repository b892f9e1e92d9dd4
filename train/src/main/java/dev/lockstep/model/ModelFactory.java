package dev.lockstep.model;

import dev.lockstep.image.ImageShape;
import dev.lockstep.recipe.Recipe;

/** Makes one replica of a network; called several times in a process, always with the same arguments. */
@FunctionalInterface
public interface ModelFactory {
    ImageClassifier create(Recipe.Model settings, ImageShape input, int classes);
}
