package dev.lockstep.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.image.catalog.DatasetSpec;
import dev.lockstep.image.catalog.Datasets;
import java.util.OptionalInt;
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

    @Override
    public void run() {
        if (json) {
            ArrayNode all = JsonNodeFactory.instance.arrayNode();
            Datasets.list().forEach(spec -> all.add(json(spec)));
            System.out.println(all.toPrettyString());
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

    private static ObjectNode json(DatasetSpec spec) {
        ObjectNode node = JsonNodeFactory.instance
                .objectNode()
                .put("name", spec.name())
                .put("title", spec.title())
                .put("channels", spec.shape().channels())
                .put("height", spec.shape().height())
                .put("width", spec.shape().width());
        spec.trainingImages().ifPresent(images -> node.put("training_images", images));
        spec.validationImages().ifPresent(images -> node.put("validation_images", images));
        spec.classes().ifPresent(classes -> node.put("classes", classes));
        return node;
    }

    private static String shape(DatasetSpec spec) {
        return spec.shape().channels() + "×" + spec.shape().height() + "×"
                + spec.shape().width();
    }

    private static String text(OptionalInt number) {
        return number.isPresent() ? Integer.toString(number.getAsInt()) : "any";
    }
}
