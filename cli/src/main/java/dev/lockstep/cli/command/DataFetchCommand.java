package dev.lockstep.cli.command;

import dev.lockstep.errors.Printable;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.text.Json;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep data fetch}: makes sure that a dataset is present and intact. */
@Command(
        name = "fetch",
        description = "Finds or fetches a dataset, verifies its checksums and prints its folder.",
        footer = {"", "Example: lockstep data fetch fashion-mnist"})
final class DataFetchCommand implements Runnable {
    @Parameters(paramLabel = "DATASET", description = "A name from 'lockstep data list'.")
    @SuppressWarnings("NullAway.Init")
    private String dataset;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Verify the files in this folder instead of looking for them.")
    private @Nullable Path folder;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Fetched(String name, @Nullable String folder) {}

    @Override
    public void run() {
        Optional<Path> found = Datasets.fetch(dataset, Optional.ofNullable(folder));
        if (json) {
            System.out.println(
                    Json.pretty(new Fetched(dataset, found.map(Path::toString).orElse(null))));
        } else {
            System.out.println(found.map(path -> Printable.of(path.toString())).orElse(dataset + " needs no files"));
        }
    }
}
