package dev.lockstep.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
final class EmbeddedGroupTest {
    @TempDir
    Path folder;

    @Test
    void drive_twoMembersInOneJvm_endWithTheWeightsOfOneProcess() throws IOException {
        Recipe recipe = Recipe.read(Files.writeString(folder.resolve("recipe.yaml"), """
                name: sample
                epochs: 1
                workers: 4
                images-per-worker: 4
                data:
                  dataset: synthetic:images=64
                model:
                  name: resnet8
                  width: 4
                """));
        String alone = Training.create(
                        recipe, Models::create, Datasets.open(recipe.data(), Optional.empty()), new SoloCollective())
                .resumeOrStart(folder.resolve("alone"))
                .weightsSha256();
        List<RunResult> results = EmbeddedGroup.drive(
                2, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), recipe, folder.resolve("group"));
        assertThat(results).hasSize(2).allMatch(result -> result.weightsSha256().equals(alone));
    }
}
