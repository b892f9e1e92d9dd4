package dev.lockstep.model;

import dev.lockstep.network.NetworkGraph;
import dev.lockstep.recipe.Recipe;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Tensor;

/**
 * Computes networks that are data. Engines are found on the class path: a JAR that brings one names it in
 * {@code META-INF/services/dev.lockstep.model.Engine}.
 */
public interface Engine {
    /** Its name in recipes. */
    Recipe.Engine kind();

    /** Why it cannot compute a network with this recipe on this machine; empty if it can. */
    Optional<String> refusal(Recipe recipe, NetworkGraph graph);

    /** Prepares one lane. */
    WorkerPass create(NetworkGraph graph, Input input);

    /**
     * What a lane computes with.
     *
     * @param state the shared parameters, in host memory at fixed addresses
     * @param gradients {@code layout().parameters()} floats in the order of the layout
     * @param statistics {@code layout().statistics()} floats for each batch norm's mean and unbiased variance
     * @param epsilon of batch norm
     * @param images n, of every worker
     * @param threads OpenMP threads that compute a worker
     * @param groups layers that are not trained
     * @param onComplete called with the number of a slot as soon as its gradient is complete, by the thread that computes
     */
    record Input(
            FlatState state,
            Tensor gradients,
            Tensor statistics,
            double epsilon,
            int images,
            int threads,
            Recipe.Precision precision,
            LayerGroups groups,
            IntConsumer onComplete) {}
}
