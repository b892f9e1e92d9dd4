package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.sampling.MinibatchPlan;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lockstep data order}: which image goes to which worker in which iteration. */
@Command(
        name = "order",
        description = {
            "Prints which samples each worker gets in each iteration of an epoch, as JSON lines:",
            "{\"epoch\":0,\"iteration\":0,\"worker\":0,\"samples\":[…]}"
        },
        footer = {"", "Example: lockstep data order recipes/fashion-mnist.yaml --epoch 0 --iteration 3"})
final class DataOrderCommand implements Runnable {
    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipe;

    @Option(names = "--epoch", paramLabel = "E", description = "Epoch, counted from 0 (default: ${DEFAULT-VALUE}).")
    private int epoch;

    @Option(
            names = "--iteration",
            paramLabel = "I",
            description = "Iteration within the epoch, counted from 0 (default: all).")
    private @Nullable Integer iteration;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder of the dataset, for datasets whose size is known only from their files.")
    private @Nullable Path folder;

    @Override
    public void run() {
        Recipe read = recipe.read();
        MinibatchPlan plan = plan(read);
        int size = plan.datasetSize();
        int iterations = plan.iterationsPerEpoch();
        require("--epoch", epoch, read.epochs());
        if (iteration != null) {
            require("--iteration", iteration, iterations);
        }
        System.err.println(size + " images, " + iterations + " iterations of " + plan.minibatch() + ", "
                + plan.droppedPerEpoch() + " images dropped");
        int first = iteration == null ? 0 : iteration;
        int last = iteration == null ? iterations - 1 : iteration;
        print(plan, first, last, read.workers());
    }

    private void print(MinibatchPlan plan, int first, int last, int workers) {
        PrintStream out = System.out;
        for (int i = first; i <= last; i++) {
            StringBuilder lines = new StringBuilder();
            for (int worker = 0; worker < workers; worker++) {
                String samples = Arrays.toString(plan.samples(epoch, i, worker)).replace(" ", "");
                lines.append("{\"epoch\":").append(epoch);
                lines.append(",\"iteration\":").append(i);
                lines.append(",\"worker\":").append(worker);
                lines.append(",\"samples\":").append(samples).append("}\n");
            }
            out.print(lines);
        }
        out.flush();
    }

    /** Reads the dataset only if its size is unknown, or its labels matter. */
    private MinibatchPlan plan(Recipe read) {
        OptionalInt known = Datasets.spec(read.data()).trainingImages();
        return known.isPresent() && folder == null && read.data().sampling() == Recipe.Sampling.SHUFFLE
                ? read.minibatchPlan(known.getAsInt())
                : read.minibatchPlan(
                        Datasets.open(read.data(), Optional.ofNullable(folder)).trainingLabels());
    }

    private static void require(String name, int value, int limit) {
        if (value < 0 || value >= limit) {
            throw LockstepException.recipe(name + " = " + value, "", "must be between 0 and " + (limit - 1));
        }
    }
}
