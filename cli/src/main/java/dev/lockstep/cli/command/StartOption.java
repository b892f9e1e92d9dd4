package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.Weights;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.train.InitialWeights;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** {@code --weights} and {@code --new-head}: what training starts from. */
final class StartOption {
    @Option(
            names = "--weights",
            order = 6,
            paramLabel = "FILE",
            description = "Start from these weights (a checkpoint, .safetensors, .pt or .pth); part of the recipe.")
    private Optional<Path> weights = Optional.empty();

    @Option(
            names = "--new-head",
            order = 7,
            description = "With --weights, draw the last layer from the seed, for other classes; part of the recipe.")
    private boolean newHead;

    /**
     * A recipe that names the weights, and networks that start from them.
     *
     * @param models the recipe's networks
     */
    record Start(Recipe recipe, ModelFactory models) {}

    Start of(Recipe asked) {
        Recipe read = newHead ? asked.withModel(asked.model().withNewHead()) : asked;
        if (weights.isEmpty()) {
            return new Start(read, Models::create);
        }
        Weights given = Weights.read(weights.get());
        Recipe named =
                InitialWeights.name(given, read, Datasets.spec(read.data()).shape());
        return new Start(named, InitialWeights.of(given, Models::create));
    }

    /** The option with its file, for a child process whose recipe says everything else. */
    List<String> arguments() {
        return weights.map(file -> List.of("--weights", file.toString())).orElse(List.of());
    }

    /** The options as they were given. */
    List<String> given() {
        return newHead
                ? Stream.concat(arguments().stream(), Stream.of("--new-head")).toList()
                : arguments();
    }
}
