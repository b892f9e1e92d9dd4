package dev.lockstep.image.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.TestImages;
import dev.lockstep.image.format.PhotographFolders;
import dev.lockstep.image.format.TarFiles;
import dev.lockstep.image.pack.ShardPacker;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.Augmentation;
import dev.lockstep.recipe.Recipe.ColorAugmentation;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
final class PhotographsTest {
    private static final ImageData TURNED =
            new ImageData.Encoded("turned.jpg", ImageCodec.withOrientation(TestImages.jpeg(60, 40, 5), 6));

    @TempDir
    Path temp;

    @Test
    void open_folder_fillsInTheSpecFromTheFiles() {
        PhotographFolders.write(temp, List.of("ant", "bee"), 4, 2);
        Recipe.Data data = data("imagefolder", Augmentation.RANDOM_RESIZED_CROP, 32);
        assertThat(Datasets.spec(data).trainingImages()).isEmpty();
        OpenDataset open = Datasets.open(data, Optional.of(temp));

        assertThat(open.spec().trainingImages()).hasValue(8);
        assertThat(open.spec().validationImages()).hasValue(4);
        assertThat(open.spec().classNames()).containsExactly("ant", "bee");
        assertThat(open.shape()).isEqualTo(new ImageShape(3, 32, 32));
        FloatBuffer seen = FloatBuffer.allocate(32 * 32 * 3);
        open.trainingTransform().apply(open.training().image(3), KeyedRandom.of(1), seen);
        assertThat(seen.hasRemaining()).isFalse();
    }

    @Test
    void open_shardsOfAFolder_isTheSameData() {
        Path folder = PhotographFolders.write(temp.resolve("images"), List.of("ant", "bee"), 4, 2);
        new ShardPacker(0, 95, 3, false).pack(folder, temp.resolve("shards"));
        String folders = Datasets.open(data("imagefolder", Augmentation.NONE, 0), Optional.of(folder))
                .fingerprint();

        assertThat(Datasets.open(data("webdataset", Augmentation.NONE, 0), Optional.of(temp.resolve("shards")))
                        .fingerprint())
                .isEqualTo(folders);
    }

    @Test
    void open_withoutAFolder_asksForOne() {
        dataError(data("imagefolder", Augmentation.NONE, 0), Optional.empty())
                .withMessageContaining("dataset = imagefolder")
                .withMessageContaining("specify the data folder that holds your images");
    }

    @Test
    void open_folderWithoutPhotographs_saysWhatIsWanted() {
        dataError(data("imagenet", Augmentation.NONE, 0), Optional.of(temp))
                .withMessageContaining("no photographs found")
                .withMessageContaining("train and val, or shards");
        dataError(data("webdataset", Augmentation.NONE, 0), Optional.of(temp)).withMessageContaining("*train*.tar");
    }

    @Test
    void open_imagenetWithThousandClasses_acceptsAnyNumberOfImages() {
        List<String> classes = IntStream.range(0, 1000)
                .mapToObj(i -> String.format("n%08d", i))
                .toList();
        for (String name : classes) {
            PhotographFolders.file(temp.resolve("train/" + name + "/a.JPEG"), new byte[] {1});
            PhotographFolders.file(temp.resolve("val/" + name + "/b.JPEG"), new byte[] {2});
        }
        Recipe.Data data = data("imagenet", Augmentation.RANDOM_RESIZED_CROP, 0);
        assertThat(Datasets.spec(data).trainingImages()).hasValue(1_281_167);
        OpenDataset open = Datasets.open(data, Optional.of(temp));
        assertThat(open.classes()).isEqualTo(1000);
        assertThat(open.spec().trainingImages()).hasValue(1000);
        assertThat(seen(open.evaluationTransform(), TURNED))
                .as("the published errors are those of the stored pixels")
                .isEqualTo(seen(PhotographTransform.evaluation(224, Normalization.IMAGENET), TURNED));
    }

    private static float[] seen(ImageTransform transform, ImageData image) {
        FloatBuffer seen = FloatBuffer.allocate(224 * 224 * 3);
        transform.apply(image, KeyedRandom.of(1), seen);
        return Arrays.copyOf(seen.array(), seen.position());
    }

    /** As with torchvision's exif_transpose. */
    @Test
    void open_ownPhotographs_areTurnedAsTheirOrientationSays() {
        PhotographFolders.write(temp, List.of("ant", "bee"), 4, 2);
        OpenDataset open = Datasets.open(data("imagefolder", Augmentation.NONE, 32), Optional.of(temp));
        PhotographTransform stored = PhotographTransform.evaluation(32, Normalization.IMAGENET);
        for (ImageTransform transform : List.of(open.trainingTransform(), open.evaluationTransform())) {
            assertThat(seen(transform, TURNED))
                    .isEqualTo(seen(stored.upright(), TURNED))
                    .isNotEqualTo(seen(stored, TURNED));
        }
    }

    @Test
    void open_stamps_checksEveryFile() {
        Recipe.Data data = data("stamps", Augmentation.RANDOM_RESIZED_CROP, 64);
        DatasetSpec spec = Datasets.spec(data);
        assertThat(spec.classNames()).containsExactly("bird", "flower", "fruit", "mammal", "vegetable");
        assertThat(spec.trainingImages()).hasValue(135);
        assertThat(spec.validationImages()).hasValue(32);
        dataError(data, Optional.of(temp))
                .withMessageContaining("dataset = stamps, folder = " + temp)
                .withMessageContaining("animals/birds/adelaide-rosella.png")
                .withMessageContaining("and 161 more");
        FileSet files =
                ((Photographs) StampPhotographs.entry()).fetcher().orElseThrow().files();
        files.files().forEach(file -> PhotographFolders.file(temp.resolve(file.name()), new byte[] {1}));
        dataError(data, Optional.of(temp))
                .withMessageContaining("checksum mismatch")
                .withMessageContaining(".png");
    }

    /** Where the package is installed or was fetched before. */
    @Test
    void open_stampsOfDebian_readsThemAll() {
        DatasetFetcher fetcher =
                ((Photographs) StampPhotographs.entry()).fetcher().orElseThrow();
        boolean there = java.util.stream.Stream.concat(
                        fetcher.systemFolders().stream(),
                        java.util.stream.Stream.of(fetcher.cache().get()))
                .anyMatch(folder -> fetcher.files().in(folder).isPresent());
        org.junit.jupiter.api.Assumptions.assumeTrue(there, "needs 'lockstep data fetch stamps' first");
        OpenDataset open = Datasets.open(data("stamps", Augmentation.RANDOM_RESIZED_CROP, 64), Optional.empty());

        FloatBuffer seen = FloatBuffer.allocate(64 * 64 * 3);
        for (int i = 0; i < open.validation().size(); i++) {
            open.evaluationTransform().apply(open.validation().image(i), KeyedRandom.of(1), seen.clear());
        }
        assertThat(open.training().size()).isEqualTo(135);
        assertThat(open.training().label(0)).isZero();
        assertThat(open.training().label(134)).isEqualTo(4);
    }

    @Test
    void open_imagenetWithOtherClasses_isAnError() {
        PhotographFolders.write(temp, List.of("ant", "bee"), 1, 1);
        dataError(data("imagenet", Augmentation.NONE, 0), Optional.of(temp))
                .withMessageContaining("classes = 2, expected = 1000");
    }

    @Test
    void open_imagenetShardsWithALabelOutsideTheClasses_namesShardAndMember() {
        for (String set : List.of("train", "val")) {
            byte[] tar =
                    new TarFiles().add("a.jpg", (byte) 1).add("a.cls", "1000").bytes();
            PhotographFolders.file(temp.resolve(set + "-0.tar"), tar);
        }
        dataError(data("imagenet", Augmentation.NONE, 0), Optional.of(temp))
                .withMessageContaining("label is out of range")
                .withMessageContaining("train-0.tar, member = a.jpg, label = 1000, classes = 1000");
    }

    @Test
    void spec_unsuitableAugmentation_isARecipeError() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> Datasets.spec(data("imagenet", Augmentation.PAD_CROP_FLIP, 0)))
                .matches(e -> e.kind() == LockstepException.Kind.RECIPE)
                .withMessageContaining("pad-crop-flip");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() ->
                        Datasets.spec(new Recipe.Data("imagenet", Augmentation.NONE, 0, ColorAugmentation.JITTER)))
                .withMessageContaining("data.color = jitter");
    }

    private static org.assertj.core.api.ThrowableAssertAlternative<LockstepException> dataError(
            Recipe.Data data, Optional<Path> folder) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> Datasets.open(data, folder))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }

    private static Recipe.Data data(String dataset, Augmentation augmentation, int imageSize) {
        return new Recipe.Data(dataset, augmentation, imageSize, ColorAugmentation.NONE);
    }
}
