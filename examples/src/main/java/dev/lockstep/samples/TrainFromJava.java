package dev.lockstep.samples;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.Collectives;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import java.nio.file.Path;
import java.util.Optional;

/** Trains a recipe from a program; the README shows the part between the two marks. */
public final class TrainFromJava {
    private TrainFromJava() {}

    public static void main(String[] arguments) {
        RunResult result = train(Path.of(arguments[0]), Path.of(arguments[1]));
        System.out.println(result.weightsSha256());
    }

    // README begins
    static RunResult train(Path recipeFile, Path runFolder) {
        Recipe recipe = Recipe.read(recipeFile).withWorkers(16); // minibatch, rate and warmup follow
        OpenDataset data = Datasets.open(recipe.data(), Optional.empty()); // found, or fetched and checked
        try (Collective group = Collectives.fromEnvironment()) { // one process, or the group that torchrun started
            return Training.create(recipe, Models::create, data, group)
                    .onEpoch(epoch -> System.out.println(epoch.validationTop1Error()))
                    .resumeOrStart(runFolder);
        }
    }
    // README ends
}
