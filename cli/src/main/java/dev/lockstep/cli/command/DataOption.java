package dev.lockstep.cli.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** {@code --data}: where the dataset is. */
public final class DataOption {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder of the dataset; found or fetched when left out.")
    private Optional<Path> folder = Optional.empty();

    Optional<Path> folder() {
        return folder;
    }

    /** The option as it was given, for a command line of our own. */
    List<String> arguments() {
        return folder.map(given -> List.of("--data", given.toString())).orElse(List.of());
    }
}
