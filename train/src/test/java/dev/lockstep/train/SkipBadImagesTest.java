package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.tuple;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.format.PhotographFolders;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.run.Training;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder with bad images in it, or shards, trained on without and with the option to replace them. */
@Tag("slow")
class SkipBadImagesTest {
    private static final String TEXT = """
                    name: photographs
                    epochs: 2
                    workers: 2
                    images-per-worker: 3
                    data: {dataset: imagefolder, augmentation: random-resized-crop, image-size: 16}
                    model: {name: resnet8, width: 4}
                    evaluation: {images-per-batch: 2}
                    """;
    private static final RunOptions OPTIONS = RunOptions.defaults().withLanes(1);
    private static final RunOptions SKIPPING = OPTIONS.withSkipBadImages(true);

    @TempDir
    Path temporary;

    private Recipe recipe = RecipeFile.parse(TEXT, "test", Map.of());
    private Path data;

    /** 12 and 6 images in two classes; of the first set numbers 1 and 6 are bad, of the second number 4. */
    @BeforeEach
    void write() {
        data = PhotographFolders.write(temporary.resolve("data"), List.of("ant", "bee"), 6, 3);
        PhotographFolders.file(data.resolve("train/ant/1.JPEG"), new byte[0]);
        PhotographFolders.file(data.resolve("train/bee/0.JPEG"), "text".getBytes(StandardCharsets.UTF_8));
        PhotographFolders.file(data.resolve("val/bee/v1.jpg"), "text".getBytes(StandardCharsets.UTF_8));
    }

    private Assembly assembly(Collective group, RunOptions options) {
        return new Assembly(
                recipe,
                Models::create,
                Datasets.open(recipe.data(), Optional.of(data)),
                group,
                options,
                new StopSignal());
    }

    /** What a process says at the end. */
    private record Told(String weights, List<BadImage> listed, List<BadImage> told, List<Double> losses) {}

    private Told train(Collective group, RunOptions options) {
        TestRuns.Listener listener = new TestRuns.Listener();
        try (Assembly parts = assembly(group, options)) {
            Trainer trainer = parts.begin();
            trainer.run(listener);
            return new Told(
                    trainer.weightsSha256(),
                    trainer.replacedImages(),
                    listener.bad,
                    listener.epochs.stream()
                            .map(epoch -> epoch.validationLoss())
                            .toList());
        }
    }

    @Test
    void withoutTheOption_theFirstBadImageEndsTheRunNamingItsFile() {
        Throwable failure = catchThrowable(() -> train(new SoloCollective(), OPTIONS));
        assertThat(failure)
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(3))
                .hasMessageMatching(
                        "(image file is empty|not a JPEG, PNG, WebP, BMP, GIF or TIFF file), image = .*/train/(ant/1|bee/0)\\.JPEG,"
                                + ".*skip bad images");
    }

    @Test
    void withTheOption_everyProcessHasTheSameWeightsAndTheSameListOfBadImages() throws Exception {
        Told alone = train(new SoloCollective(), SKIPPING);
        assertThat(alone.listed)
                .isEqualTo(alone.told)
                .extracting(BadImage::set, BadImage::index)
                .containsExactlyInAnyOrder(tuple("training", 1), tuple("training", 6), tuple("validation", 4));
        assertThat(alone.listed)
                .extracting(BadImage::reason)
                .anySatisfy(reason -> assertThat(reason)
                        .startsWith("image file is empty, image = ")
                        .contains("train/ant/1.JPEG")
                        .doesNotContain("skip bad images"));
        assertThat(InMemoryGroup.play(2, group -> train(group, SKIPPING))).containsExactly(alone, alone);
        assertThat(train(new SoloCollective(), SKIPPING.withLanes(2).withLoaderThreads(3)))
                .isEqualTo(alone);
    }

    @Test
    void shards_areTreatedAsTheFolder() throws Exception {
        Told folder = train(new SoloCollective(), SKIPPING);
        data = PhotographFolders.shards(data, temporary.resolve("shards"));
        recipe = RecipeFile.parse(TEXT, "test", Map.of("data.dataset", "webdataset"));

        assertThat(catchThrowable(() -> train(new SoloCollective(), OPTIONS)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(3))
                .hasMessageMatching(
                        "(image file is empty|not a JPEG, PNG, WebP, BMP, GIF or TIFF file), image = .*/train-0\\.tar:(ant/1|bee/0)\\.jpg,"
                                + ".*skip bad images");
        Told shards = train(new SoloCollective(), SKIPPING);
        assertThat(shards.weights).isEqualTo(folder.weights);
        assertThat(shards.losses).isEqualTo(folder.losses);
        assertThat(shards.listed)
                .extracting(BadImage::set, BadImage::index)
                .containsExactlyElementsOf(folder.listed.stream()
                        .map(image -> tuple(image.set(), image.index()))
                        .toList());
        assertThat(shards.listed)
                .extracting(BadImage::reason)
                .anySatisfy(reason -> assertThat(reason).contains(data.resolve("val-0.tar") + ":bee/v1.jpg"));
        assertThat(InMemoryGroup.play(2, group -> train(group, SKIPPING))).containsExactly(shards, shards);
    }

    @Test
    void replacement_changesTheWeightsOnlyWhereThereAreBadImages() {
        Told bad = train(new SoloCollective(), SKIPPING);
        data = PhotographFolders.write(temporary.resolve("good"), List.of("ant", "bee"), 6, 3);
        Told good = train(new SoloCollective(), SKIPPING);
        assertThat(good).isEqualTo(train(new SoloCollective(), OPTIONS));
        assertThat(good.listed).isEmpty();
        assertThat(good.weights).isNotEqualTo(bad.weights);
    }

    private RunResult run(Path folder, RunOptions options) {
        Training training = Training.create(
                        recipe, Models::create, Datasets.open(recipe.data(), Optional.of(data)), new SoloCollective())
                .options(options);
        return training.resumeOrStart(folder);
    }

    @Test
    void runFolder_listsEachBadImageOnce_alsoAfterInterruptions() {
        Path straight = temporary.resolve("straight");
        RunResult result = run(straight, SKIPPING);
        assertThat(result.badImages()).isEqualTo(3);
        List<BadImage> listed =
                MetricsFile.read(straight.resolve(MetricsFile.NAME)).badImages();
        assertThat(listed).hasSize(3);

        Path interrupted = temporary.resolve("interrupted");
        for (int steps = 0; steps < 4; steps++) {
            run(interrupted, SKIPPING.withStopAfter(steps));
        }
        RunResult resumed = run(interrupted, SKIPPING);
        assertThat(resumed.weightsSha256()).isEqualTo(result.weightsSha256());
        assertThat(resumed.badImages()).isEqualTo(3);
        assertThat(MetricsFile.read(interrupted.resolve(MetricsFile.NAME)).badImages())
                .isEqualTo(listed);
        assertThat(RunResult.read(interrupted).badImages()).isEqualTo(3);
    }
}
