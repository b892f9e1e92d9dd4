package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.DatasetSpec;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.Networks;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.train.CheckpointRecipe;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** The network in a file: a checkpoint, which contains its recipe, or plain weights with a recipe. */
final class SavedNetwork {
    @Option(
            names = "--recipe",
            paramLabel = "RECIPE",
            description = "Recipe for a plain weights file; a checkpoint contains its own.")
    private Optional<Path> recipe = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY.PATH=VALUE",
            description = "Sets a key of the recipe, such as evaluation.images-per-batch=50; repeatable.")
    private Map<String, String> overrides = new LinkedHashMap<>();

    /**
     * The contents of the file.
     *
     * @param recipe with its overrides
     * @param classNames in the checkpoint; empty for plain weights
     */
    record Network(Recipe recipe, Weights weights, List<String> classNames) {
        /** Parameter names do not depend on the task of a network. */
        private static final ClassificationTask ANY_TASK = new ClassificationTask(3, 224, 224, 1000);

        /** The names of the classes, from the checkpoint or the catalog, else "class 0", "class 1" … */
        List<String> names() {
            OptionalInt outputs = outputs();
            if (!classNames.isEmpty() && outputs.orElse(classNames.size()) != classNames.size()) {
                throw LockstepException.checkpoint(
                        "checkpoint names " + classNames.size() + " classes and has weights for " + outputs.getAsInt(),
                        weights.source(),
                        "use another one");
            }
            DatasetSpec spec = Datasets.spec(recipe.data());
            if (!classNames.isEmpty() || !spec.classNames().isEmpty()) {
                return classNames.isEmpty() ? spec.classNames() : classNames;
            }
            int classes = outputs.orElseThrow(() -> LockstepException.checkpoint(
                    "the weights do not determine the number of classes",
                    weights.source(),
                    "give the dataset's folder with --data"));
            return IntStream.range(0, classes).mapToObj(i -> "class " + i).toList();
        }

        /** Empty if the network does not describe its layers, or the weights belong to another network. */
        private OptionalInt outputs() {
            return Networks.named(recipe.model())
                    .shape(recipe.model(), ANY_TASK)
                    .map(shape -> weights.tensors().get(shape.lastParameter().name()))
                    .filter(tensor -> tensor.shape().length > 0)
                    .map(tensor -> OptionalInt.of((int) tensor.shape()[0]))
                    .orElse(OptionalInt.empty());
        }
    }

    /**
     * @param file a checkpoint, a run's folder or plain weights
     * @throws LockstepException of kind RECIPE when plain weights are given without a recipe; of kind CHECKPOINT when
     *     the file is missing or damaged
     */
    Network read(Path file, CheckpointChoice choice) {
        Optional<Checkpoint> checkpoint = choice.read(file);
        if (checkpoint.isPresent()) {
            Recipe own = recipe.map(given -> RecipeFile.read(given, overrides))
                    .orElseGet(() -> CheckpointRecipe.of(checkpoint.get(), overrides));
            return new Network(
                    own, Weights.of(checkpoint.get()), checkpoint.get().classNames());
        }
        Path given = recipe.orElseThrow(() -> LockstepException.recipe(
                "a plain weights file does not identify its network",
                "file = " + file,
                "give its recipe with --recipe"));
        return new Network(RecipeFile.read(given, overrides), Weights.read(file), List.of());
    }
}
