package dev.lockstep.model;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageShape;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.DescribedNetwork;
import dev.lockstep.network.Network;
import dev.lockstep.network.Networks;
import dev.lockstep.recipe.Recipe;

/** The networks on the class path as libtorch modules. */
public final class Models {
    private Models() {}

    /**
     * Makes the network that a recipe names; {@code Models::create} is a {@link ModelFactory} of all of them.
     *
     * @throws LockstepException of kind RECIPE as in {@link Networks#named}, and when the network does not support the
     *     settings
     */
    public static ImageClassifier create(Recipe.Model settings, ImageShape input, int classes) {
        Network network = Networks.named(settings);
        if (network instanceof TorchNetwork own) {
            return own.create(settings, input, classes);
        } else if (network instanceof DescribedNetwork described) {
            return new GraphClassifier(described.graph(
                    settings, new ClassificationTask(input.channels(), input.height(), input.width(), classes)));
        }
        throw LockstepException.recipe(
                "model.name = " + settings.name(),
                network.getClass().getName() + " does not describe how to build it",
                "let it implement " + DescribedNetwork.class.getName() + " or " + TorchNetwork.class.getName());
    }
}
