package dev.lockstep.model;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.DescribedNetwork;
import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.Networks;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Arithmetic;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.NormKernels;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** The engine that a recipe names: libtorch, or one on the class path. */
public final class Engines {
    private Engines() {}

    /**
     * What a lane computes its workers with.
     *
     * @throws LockstepException of kind RECIPE when the recipe names an engine that is not there or that cannot compute the
     *     network
     */
    public static WorkerPass pass(Recipe recipe, ImageClassifier classifier, Engine.Input input) {
        if (recipe.engine() == Recipe.Engine.LIBTORCH) {
            Arithmetic arithmetic = Arithmetic.valueOf(recipe.precision().name());
            input.state().device().refusal(arithmetic).ifPresent(why -> {
                throw LockstepException.recipe(
                        "the device cannot compute with this precision",
                        "precision = " + arithmetic.name().toLowerCase(Locale.ROOT) + ", device = "
                                + input.state().device().name(),
                        why);
            });
            return libtorch(classifier, input);
        }
        requireHostMemory(recipe, input.state().device());
        String where = "engine = " + recipe.engine().name().toLowerCase(Locale.ROOT);
        Engine engine = find(recipe.engine())
                .orElseThrow(() -> LockstepException.recipe(
                        "the engine is not on the class path",
                        where,
                        "add lockstep-onednn with its libraries, see docs/engines.md, or use engine = libtorch"));
        NetworkGraph graph = classifier
                .graph()
                .orElseThrow(() -> LockstepException.recipe(
                        "the engine computes described networks only",
                        where + ", model.name = " + recipe.model().name(),
                        "use engine = libtorch"));
        engine.refusal(recipe, graph).ifPresent(why -> {
            throw LockstepException.recipe(
                    "the engine cannot compute this recipe: " + why, where, "use engine = libtorch");
        });
        // Its own parameters would take memory that nothing uses.
        Replica.evaluation(classifier, input.state(), input.epsilon());
        return engine.create(graph, input);
    }

    /** Without autograd where the device has kernels for that and the network is data. */
    private static WorkerPass libtorch(ImageClassifier classifier, Engine.Input input) {
        Optional<NormKernels> norms = input.state().device().norms();
        Optional<NetworkGraph> graph = classifier.graph().filter(found -> ExplicitPass.supports(found, input));
        if (norms.isEmpty() || graph.isEmpty()) {
            return new TorchPass(classifier, input);
        }
        // Its own parameters would take memory that nothing uses.
        Replica.evaluation(classifier, input.state(), input.epsilon());
        return ExplicitPass.create(graph.get(), input, norms.get());
    }

    private static void requireHostMemory(Recipe recipe, Device device) {
        if (device != Device.cpu()) {
            throw LockstepException.recipe(
                    "the engine computes on the CPU only",
                    "engine = " + recipe.engine().name().toLowerCase(Locale.ROOT) + ", device = " + device.name(),
                    "use engine = libtorch, or --device cpu");
        }
    }

    /** The fastest engine on the class path that can compute a recipe's network. */
    public static Recipe.Engine best(Recipe recipe) {
        if (!(Networks.named(recipe.model()) instanceof DescribedNetwork network)) {
            return Recipe.Engine.LIBTORCH;
        }
        // The operations do not depend on the size of the images.
        NetworkGraph graph = network.graph(recipe.model(), new ClassificationTask(3, 224, 224, 1000));
        return find(Recipe.Engine.ONEDNN)
                .filter(engine -> engine.refusal(recipe, graph).isEmpty())
                .map(Engine::kind)
                .orElse(Recipe.Engine.LIBTORCH);
    }

    /** An engine on the class path. */
    public static Optional<Engine> find(Recipe.Engine kind) {
        try {
            return ServiceLoader.load(Engine.class).stream()
                    .map(ServiceLoader.Provider::get)
                    .filter(engine -> engine.kind() == kind)
                    .findFirst();
        } catch (ServiceConfigurationError e) {
            throw LockstepException.recipe(
                    "an engine on the class path cannot be loaded",
                    String.valueOf(e.getMessage()),
                    "correct or remove META-INF/services/" + Engine.class.getName() + " in its JAR");
        }
    }
}
