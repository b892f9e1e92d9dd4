package dev.lockstep.cli;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import dev.lockstep.text.Json;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.Devices;
import dev.lockstep.train.RunOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Computes the first steps of a recipe again and again in one process, with one and two lanes in turn, and compares the weights:
 * for the script that measures a card. Prints how many runs there were and how many different weights.
 */
final class RepeatCheck {
    private static final int STEPS = 3;

    private RepeatCheck() {}

    /** @param arguments recipe, device, number of runs */
    public static void main(String[] arguments) throws IOException {
        Recipe recipe = Recipe.read(Path.of(arguments[0]));
        Device device = Devices.choose(arguments[1], 0).device();
        int runs = Integer.parseInt(arguments[2]);
        OpenDataset data = Datasets.open(recipe.data(), Optional.empty());
        Set<String> weights = new HashSet<>();
        for (int run = 0; run < runs; run++) {
            weights.add(weights(recipe, data, device, 1 + run % 2));
        }
        System.out.println(
                Json.line(Map.of("runs", runs, "different", weights.size(), "weights", List.copyOf(weights))));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String weights(Recipe recipe, OpenDataset data, Device device, int lanes) throws IOException {
        Path folder = Files.createTempDirectory("lockstep-repeat-");
        try {
            RunResult result = Training.create(recipe, Models::create, data, new SoloCollective())
                    .options(RunOptions.defaults()
                            .withLanes(lanes)
                            .withStopAfter(STEPS)
                            .withDevice(device))
                    .start(folder);
            return result.weightsSha256();
        } finally {
            DurableFiles.deleteFolder(folder);
        }
    }
}
