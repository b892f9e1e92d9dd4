package dev.lockstep.network;

import dev.lockstep.recipe.Recipe;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/** A recipe with the numbers that it leaves to its dataset and its network. */
public final class ResolvedRecipe {
    private ResolvedRecipe() {}

    /**
     * The recipe with the image size and the width that are used where it says 0. A value stays 0 where no number says
     * the same: for images that are not square, and for networks that are not a description.
     *
     * @param task what the recipe's dataset asks of a network
     */
    public static Recipe of(Recipe recipe, ClassificationTask task) {
        Map<String, String> real = new LinkedHashMap<>();
        if (recipe.data().imageSize() == 0 && task.height() == task.width() && Recipe.Data.isImageSize(task.height())) {
            real.put("data.image-size", Integer.toString(task.height()));
        }
        if (recipe.model().width() == 0) {
            ownWidth(recipe.model(), task).ifPresent(width -> real.put("model.width", Integer.toString(width)));
        }
        return real.isEmpty() ? recipe : recipe.with(real);
    }

    private static OptionalInt ownWidth(Recipe.Model settings, ClassificationTask task) {
        for (Network network : Networks.all()) {
            if (network instanceof DescribedNetwork described && network.names().contains(settings.name())) {
                return described.graph(settings, task).width();
            }
        }
        return OptionalInt.empty();
    }
}
