package dev.lockstep.cli.command;

import dev.lockstep.image.catalog.DatasetSpec;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.text.Json;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lockstep data list}: the datasets that recipes can name. */
@Command(
        name = "list",
        description = "Lists the datasets that recipes can name.",
        footer = {"", "Example: lockstep data list --json"})
final class DataListCommand implements Runnable {
    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Listed(
            String name,
            String title,
            int channels,
            int height,
            int width,
            @Nullable Integer trainingImages,
            @Nullable Integer validationImages,
            @Nullable Integer classes) {
        static Listed of(DatasetSpec spec) {
            return new Listed(
                    spec.name(),
                    spec.title(),
                    spec.shape().channels(),
                    spec.shape().height(),
                    spec.shape().width(),
                    orNull(spec.trainingImages()),
                    orNull(spec.validationImages()),
                    orNull(spec.classes()));
        }

        private static @Nullable Integer orNull(OptionalInt number) {
            return number.isPresent() ? number.getAsInt() : null;
        }
    }

    @Override
    public void run() {
        if (json) {
            System.out.println(
                    Json.pretty(Datasets.list().stream().map(Listed::of).toList()));
        } else {
            System.out.printf(
                    "%-14s %10s %10s %8s %12s  %s%n", "name", "training", "validation", "classes", "shape", "");
            Datasets.list().forEach(DataListCommand::printLine);
        }
    }

    private static void printLine(DatasetSpec spec) {
        System.out.printf(
                "%-14s %10s %10s %8s %12s  %s%n",
                spec.name(),
                text(spec.trainingImages()),
                text(spec.validationImages()),
                text(spec.classes()),
                shape(spec),
                spec.title());
    }

    private static String shape(DatasetSpec spec) {
        return spec.shape().channels() + "×" + spec.shape().height() + "×"
                + spec.shape().width();
    }

    private static String text(OptionalInt number) {
        return number.isPresent() ? Integer.toString(number.getAsInt()) : "any";
    }
}
