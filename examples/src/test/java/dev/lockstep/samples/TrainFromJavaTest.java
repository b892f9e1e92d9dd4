package dev.lockstep.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
final class TrainFromJavaTest {
    @TempDir
    Path folder;

    @Test
    void train_smallRecipe_completesAndGoesOnFromItsEnd() throws IOException {
        Path recipe = Files.writeString(folder.resolve("recipe.yaml"), """
                name: sample
                epochs: 1
                workers: 2
                images-per-worker: 2
                data:
                  dataset: synthetic:images=64
                model:
                  name: resnet8
                  width: 4
                """);
        RunResult result = TrainFromJava.train(recipe, folder.resolve("run"));
        assertThat(result.status()).isEqualTo(RunResult.Status.COMPLETED);
        assertThat(result.workers()).isEqualTo(16);
        assertThat(result.steps()).isEqualTo(2);
        // The module that writes it is on the class path.
        assertThat(folder.resolve("run/report.html")).content().contains("weights_sha256 = " + result.weightsSha256());
        assertThat(TrainFromJava.train(recipe, folder.resolve("run")).weightsSha256())
                .isEqualTo(result.weightsSha256());
    }
}
