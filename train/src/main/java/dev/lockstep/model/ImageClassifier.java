package dev.lockstep.model;

import dev.lockstep.network.NetworkGraph;
import java.util.Optional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * A network that gives each image one logit per class. Implement it on a JavaCPP {@link Module}; its parameters and its
 * batch-norm layers are found through the module.
 *
 * <pre>{@code
 * final class Net extends Module implements ImageClassifier {
 *   private final Conv2dImpl conv1 = register_module("conv1", …);
 *   public Tensor forward(Tensor images) { … }
 * }
 * }</pre>
 */
public interface ImageClassifier {
    /**
     * @param images n × channels × height × width, float32
     * @return logits, n × classes
     */
    Tensor forward(Tensor images);

    /** Its description, for engines other than libtorch; empty for a network that is only a module. */
    default Optional<NetworkGraph> graph() {
        return Optional.empty();
    }

    /** The module that owns the parameters: this object itself unless overridden. */
    default Module module() {
        return (Module) this;
    }

    /**
     * Sets the initial weights as a function of the seed alone. The default keeps the values that the constructor drew from
     * libtorch's generator, which was seeded with the recipe's seed just before.
     */
    default void initialize(long seed) {}
}
