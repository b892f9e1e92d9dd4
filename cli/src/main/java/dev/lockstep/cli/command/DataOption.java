package dev.lockstep.cli.command;

import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** {@code --data}: the data folder; {@code --data-cache}: how much of one in a store may be copied to this machine. */
public final class DataOption {
    private static final String CACHE = "--data-cache";

    @Option(
            names = "--data",
            order = 1,
            paramLabel = "DIR",
            description = "Folder of the dataset (default: found or fetched automatically).")
    private Optional<Path> folder = Optional.empty();

    @Option(
            names = CACHE,
            paramLabel = "SIZE",
            description = "With shards in a store, keep copies of this size at most on this machine, such as 200GiB;"
                    + " 0 for none (default: LOCKSTEP_DATA_CACHE, or else 20GiB).")
    private Optional<String> cache = Optional.empty();

    Optional<Path> folder() {
        return folder;
    }

    /** Opens a recipe's dataset in the given folder, or else where it is found. */
    OpenDataset open(Recipe.Data recipe) {
        return open(recipe, folder);
    }

    /** Opens a recipe's dataset in a folder, whatever {@code --data} says. */
    OpenDataset open(Recipe.Data recipe, Optional<Path> other) {
        limitCopies();
        return Datasets.open(recipe, other);
    }

    /** Refuses what is not a size. */
    void limitCopies() {
        cache.ifPresent(size -> Datasets.limitCopies(CACHE, size));
    }

    /** The options as given, for the command line of a child process. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>(files());
        cache.ifPresent(size -> arguments.addAll(List.of(CACHE, size)));
        return arguments;
    }

    /** The option that names a file, as given. */
    List<String> files() {
        return folder.map(given -> List.of("--data", given.toString())).orElse(List.of());
    }
}
