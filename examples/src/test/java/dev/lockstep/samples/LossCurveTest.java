package dev.lockstep.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.run.Training;
import dev.lockstep.train.RunOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user's listener in runs that know it from the class path alone. */
@Tag("slow")
final class LossCurveTest {
    @TempDir
    Path folder;

    private void train(RunOptions options) {
        Recipe recipe = RecipeFile.parse("""
                name: sample
                epochs: 1
                workers: 2
                images-per-worker: 4
                data: {dataset: 'synthetic:images=64'}
                model: {name: resnet8, width: 4}
                """, "sample", Map.of());
        Training.create(recipe, Models::create, Datasets.open(recipe.data(), Optional.empty()), new SoloCollective())
                .options(options)
                .resumeOrStart(folder);
    }

    @Test
    void listenerOnTheClassPath_hearsEachStepOnce_alsoAfterAResume() throws IOException {
        RunOptions options = RunOptions.defaults().withLanes(1);
        train(options.withStopAfter(3));
        Path losses = folder.resolve("losses.csv");
        assertThat(losses).exists();
        // A session that was killed after its last checkpoint has written more.
        Files.writeString(losses, Files.readString(losses) + "4,0.5\n5,0.5\n");
        train(options);
        List<String> expected = MetricsFile.read(folder.resolve(MetricsFile.NAME)).steps().stream()
                .map(step -> step.step() + "," + step.loss())
                .toList();
        assertThat(expected).hasSize(8);
        assertThat(Files.readAllLines(losses)).isEqualTo(expected);
    }
}
