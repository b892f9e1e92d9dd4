package dev.lockstep.cli.command;

import static dev.lockstep.text.Format.count;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.DescribedNetwork;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.network.Networks;
import dev.lockstep.network.Operation.Size;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Format;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep model}: the layers of a network. Never loads libtorch. */
@Command(
        name = "model",
        description = "Prints the layers of a network: sizes, parameters and operations; without NAME, all names.",
        footer = {
            "",
            "Examples:",
            "  lockstep model resnet50",
            "  lockstep model resnet20 --shape 3x32x32 --classes 10 --svg resnet20.svg"
        })
public final class ModelCommand implements Runnable {
    private static final Pattern SHAPE = Pattern.compile("(\\d{1,4})x(\\d{1,5})x(\\d{1,5})");
    private static final String ROW = "%-30s %-34s %14s %12s %16s%n";

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "As in model.name of a recipe.")
    private @Nullable String name;

    @Option(
            names = "--shape",
            paramLabel = "CxHxW",
            description = "Channels, height and width of an image (default: ${DEFAULT-VALUE}).")
    private String shape = "3x224x224";

    @Option(names = "--classes", paramLabel = "N", description = "Classes (default: ${DEFAULT-VALUE}).")
    private int classes = 1000;

    @Option(
            names = "--width",
            paramLabel = "W",
            description = "As in model.width of a recipe (default: the network's own).")
    private int width;

    @Option(names = "--svg", paramLabel = "FILE", description = "Also draw the network.")
    private @Nullable Path svg;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Layer(
            String name, String operation, List<Integer> inputs, List<Integer> output, long parameters, double flops) {}

    private record Described(
            String model, List<Layer> layers, long parameters, long statistics, double flops, long activationFloats) {}

    @Override
    public void run() {
        if (name == null) {
            List<String> names =
                    Networks.all().stream().flatMap(it -> it.names().stream()).toList();
            System.out.println(json ? Json.pretty(names) : String.join("\n", names));
            return;
        }
        if (svg != null) {
            OutputFile.requireReplaceable("--svg", svg, NetworkPicture::isOurs);
        }
        NetworkGraph graph = graph(name);
        if (json) {
            System.out.println(Json.pretty(described(graph, name)));
        } else {
            print(graph, name);
        }
        if (svg != null) {
            write(svg, NetworkPicture.of(graph, name));
        }
    }

    private NetworkGraph graph(String asked) {
        Recipe.Model settings = new Recipe.Model(asked, width, true);
        Network network = Networks.named(settings);
        if (!(network instanceof DescribedNetwork described)) {
            throw LockstepException.recipe(
                    "model.name = " + asked, "it does not describe its layers", "name a network that does");
        }
        try {
            return described.graph(settings, task());
        } catch (IllegalArgumentException e) {
            throw LockstepException.recipe(
                    "--shape = " + shape, "it does not suit " + asked + ": " + e.getMessage(), "give another shape");
        }
    }

    private ClassificationTask task() {
        Matcher matcher = SHAPE.matcher(shape);
        if (!matcher.matches()) {
            throw LockstepException.recipe("--shape = " + shape, "", "write channels, height and width, as 3x224x224");
        }
        int[] sizes = {number(matcher, 1), number(matcher, 2), number(matcher, 3)};
        if (sizes[0] < 1 || sizes[1] < 1 || sizes[2] < 1) {
            throw LockstepException.recipe("--shape = " + shape, "", "every number must be at least 1");
        }
        if (classes < 1) {
            throw LockstepException.recipe("--classes = " + classes, "", "must be at least 1");
        }
        return new ClassificationTask(sizes[0], sizes[1], sizes[2], classes);
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }

    private static Described described(NetworkGraph graph, String model) {
        NetworkShape whole = graph.shape();
        List<Layer> layers = new ArrayList<>();
        for (int i = 1; i < graph.nodes().size(); i++) {
            NetworkGraph.Node node = graph.nodes().get(i);
            Size output = node.output();
            layers.add(new Layer(
                    node.name(),
                    node.operation().label(),
                    node.inputs(),
                    List.of(output.channels(), output.height(), output.width()),
                    parameters(whole.layers().get(i - 1)),
                    whole.layers().get(i - 1).flops()));
        }
        return new Described(
                model,
                layers,
                whole.parameters(),
                whole.batchNormStatistics(),
                whole.forwardFlops(),
                whole.activationFloats());
    }

    private static void print(NetworkGraph graph, String model) {
        NetworkShape whole = graph.shape();
        System.out.printf(Locale.ROOT, ROW, "name", "operation", "output", "parameters", "operations");
        for (int i = 0; i < graph.nodes().size(); i++) {
            NetworkGraph.Node node = graph.nodes().get(i);
            long parameters = i == 0 ? 0 : parameters(whole.layers().get(i - 1));
            double flops = i == 0 ? 0 : whole.layers().get(i - 1).flops();
            System.out.printf(
                    Locale.ROOT,
                    ROW,
                    node.name(),
                    i == 0 ? "" : node.operation().label(),
                    text(node.output()),
                    parameters == 0 ? "" : count(parameters),
                    flops == 0 ? "" : count(Math.round(flops)));
        }
        System.out.println();
        System.out.println(model + ": " + count(whole.parameters()) + " parameters, "
                + count(whole.batchNormStatistics()) + " running statistics; an image takes "
                + Format.scaled(whole.forwardFlops()) + "FLOP forward and keeps "
                + Format.bytes(Float.BYTES * whole.activationFloats()) + " for the backward pass");
    }

    /** Its channels, height and width. */
    static String text(Size size) {
        return size.channels() + "×" + size.height() + "×" + size.width();
    }

    private static long parameters(NetworkShape.Layer layer) {
        return layer.parameters().stream().mapToLong(it -> it.length()).sum();
    }

    private static void write(Path file, String text) {
        try {
            DurableFiles.write(file, text);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "the picture cannot be written: " + e, "--svg = " + file, "give a file in a folder that you own");
        }
    }
}
