package dev.lockstep.cli.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** {@code --data}: the data folder. */
public final class DataOption {
    @Option(
            names = "--data",
            order = 1,
            paramLabel = "DIR",
            description = "Folder of the dataset (default: found or fetched automatically).")
    private Optional<Path> folder = Optional.empty();

    Optional<Path> folder() {
        return folder;
    }

    /** The option as given, for the command line of a child process. */
    List<String> arguments() {
        return folder.map(given -> List.of("--data", given.toString())).orElse(List.of());
    }
}
