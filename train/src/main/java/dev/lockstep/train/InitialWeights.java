package dev.lockstep.train;

import dev.lockstep.checkpoint.Weights;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.Head;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.network.NetworkGraph;
import dev.lockstep.recipe.Recipe;
import java.util.Optional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * A network that starts from given weights instead of those drawn from the seed.
 *
 * @param newHead draw the head from the seed nevertheless
 */
public record InitialWeights(ImageClassifier network, Weights weights, boolean newHead) implements ImageClassifier {
    /**
     * The same networks, each starting from the weights; where the recipe wants a new head, that is drawn from the seed.
     *
     * @throws dev.lockstep.errors.LockstepException of kind CHECKPOINT when a weight is not finite
     */
    public static ModelFactory of(Weights weights, ModelFactory models) {
        weights.requireFinite();
        return (settings, input, classes) ->
                new InitialWeights(models.create(settings, input, classes), weights, settings.newHead());
    }

    /**
     * A recipe that names the weights that it starts from: they are part of the arithmetic. With a new head, those of the other
     * layers.
     *
     * @param input what the network sees
     * @throws LockstepException of kind RECIPE when the recipe names others
     */
    public static Recipe name(Weights weights, Recipe recipe, ImageShape input) {
        String named = recipe.model().weights();
        Weights used = recipe.model().newHead() ? weights.without(Head.of(recipe.model(), input)) : weights;
        String id = used.id();
        if (!named.equals("none") && !named.equals(id)) {
            throw LockstepException.recipe(
                    "the recipe starts from other weights: model.weights = " + named,
                    weights.source() + " has " + id,
                    "give their weights file, or set model.weights to none to start from this one");
        }
        return recipe.withModel(recipe.model().withWeights(id));
    }

    @Override
    public Tensor forward(Tensor images) {
        return network.forward(images);
    }

    @Override
    public Optional<NetworkGraph> graph() {
        return network.graph();
    }

    @Override
    public Module module() {
        return network.module();
    }

    @Override
    public void initialize(long seed) {
        if (newHead) {
            network.initialize(seed);
            weights.assignTo(
                    network.module(), ParameterLayout.of(network.module()).head());
        } else {
            weights.assignTo(network.module());
        }
    }
}
