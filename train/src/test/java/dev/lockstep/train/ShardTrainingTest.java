package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.format.PhotographFolders;
import dev.lockstep.image.pack.ShardPacker;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.run.Training;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardTrainingTest {
    @TempDir
    Path temporary;

    @Test
    void folderAndItsShards_giveTheSameWeights() {
        Path folder = PhotographFolders.write(temporary.resolve("folder"), List.of("ant", "bee"), 6, 2);
        Path shards = temporary.resolve("shards");
        new ShardPacker(0, 95, 5, false).pack(folder, shards);

        assertThat(weights("webdataset", shards)).isEqualTo(weights("imagefolder", folder));
    }

    private String weights(String dataset, Path data) {
        Recipe recipe = RecipeFile.parse("""
                        name: photographs
                        epochs: 2
                        workers: 2
                        images-per-worker: 3
                        data: {dataset: imagefolder, augmentation: random-resized-crop, image-size: 16}
                        model: {name: resnet8, width: 4}
                        """, "test", Map.of("data.dataset", dataset));
        Training training = Training.create(
                        recipe, Models::create, Datasets.open(recipe.data(), Optional.of(data)), new SoloCollective())
                .options(RunOptions.defaults().withLanes(1));
        return training.resumeOrStart(temporary.resolve("run-" + dataset)).weightsSha256();
    }
}
