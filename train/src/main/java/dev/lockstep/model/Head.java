package dev.lockstep.model;

import dev.lockstep.image.ImageShape;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.Networks;
import dev.lockstep.network.Parameter;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.TorchRuntime;
import java.util.Optional;

/** The head of a network: the layer that owns its last parameter, such as {@code fc}. Fine-tuning replaces it. */
public final class Head {
    /** The names of layers do not depend on the number of classes. */
    private static final int ANY_CLASSES = 2;

    private Head() {}

    /**
     * The name of the head of the network that a recipe names.
     *
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when there is no such network
     */
    public static String of(Recipe.Model settings, ImageShape input) {
        ClassificationTask task = new ClassificationTask(input.channels(), input.height(), input.width(), ANY_CLASSES);
        Optional<Parameter> last =
                Networks.named(settings).shape(settings, task).map(shape -> shape.lastParameter());
        if (last.isPresent()) {
            return owner(last.get().name());
        }
        TorchRuntime.load();
        return ParameterLayout.of(Models.create(settings, input, ANY_CLASSES).module())
                .head();
    }

    private static String owner(String parameter) {
        return parameter.substring(0, Math.max(0, parameter.lastIndexOf('.')));
    }
}
