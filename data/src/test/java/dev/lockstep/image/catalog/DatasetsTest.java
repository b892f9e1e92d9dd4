package dev.lockstep.image.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.format.IdxFiles;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.Augmentation;
import dev.lockstep.recipe.Recipe.ColorAugmentation;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DatasetsTest {
    private static final Path DEBIAN = Path.of("/usr/share/datasets/fashion-mnist");

    @TempDir
    Path folder;

    @Test
    void list_namesEveryDatasetOnce() {
        assertThat(Datasets.list())
                .extracting(DatasetSpec::name)
                .contains("fashion-mnist", "mnist", "cifar10", "cifar100", "synthetic")
                .doesNotHaveDuplicates();
        assertThat(Datasets.list()).allSatisfy(spec -> {
            assertThat(spec.normalization().channels()).isEqualTo(spec.shape().channels());
            if (!spec.classNames().isEmpty()) {
                assertThat(spec.classNames()).hasSize(spec.classes().orElseThrow());
                assertThat(new HashSet<>(spec.classNames())).hasSameSizeAs(spec.classNames());
            }
        });
    }

    @Test
    void spec_fashionMnist_needsNoFiles() {
        DatasetSpec spec = Datasets.spec(data("fashion-mnist", Augmentation.PAD_CROP_FLIP, 0));
        assertThat(spec.trainingImages()).hasValue(60_000);
        assertThat(spec.validationImages()).hasValue(10_000);
        assertThat(spec.classes()).hasValue(10);
        assertThat(spec.shape()).isEqualTo(new ImageShape(1, 28, 28));
        assertThat(Datasets.spec(data("fashion-mnist", Augmentation.NONE, 14)).shape())
                .isEqualTo(new ImageShape(1, 14, 14));
    }

    @Test
    void open_ownConstants_areThoseOfTheInputAndOfFiles() {
        Recipe.Data own = RecipeFile.parse(
                        "{name: x, epochs: 1, workers: 1, model: {name: resnet8}, data: {dataset:"
                                + " 'synthetic:images=4,validation=2,shape=3x8x8', mean: [0.1, 0.2, 0.3], std: [0.5, 0.25,"
                                + " 1]}}",
                        "test",
                        Map.of())
                .data();
        Recipe.Data standard = new Recipe.Data(own.dataset(), Augmentation.NONE, 0, ColorAugmentation.NONE);
        OpenDataset data = Datasets.open(own, Optional.empty());
        assertThat(data.spec().normalization())
                .isEqualTo(new Normalization(List.of(0.1, 0.2, 0.3), List.of(0.5, 0.25, 1.0)));
        ImageData image = data.training().image(0);
        float[] usual = seen(Datasets.open(standard, Optional.empty()).trainingTransform(), image);
        float[] seen = seen(data.trainingTransform(), image);
        for (int i = 0; i < seen.length; i++) {
            double pixel = usual[i] * 0.2041 + 0.5;
            double mean = own.mean().get(i % 3);
            assertThat((double) seen[i]).isCloseTo((pixel - mean) / own.std().get(i % 3), within(1e-5));
        }
        assertThat(seen(data.evaluationTransform(), image)).isEqualTo(seen);
        assertThat(seen(Datasets.fileTransform(own), image)).isEqualTo(seen);
    }

    private static float[] seen(ImageTransform transform, ImageData image) {
        FloatBuffer out = FloatBuffer.allocate(transform.shape().floats());
        transform.apply(image, KeyedRandom.of(1), out);
        return out.array();
    }

    @Test
    void spec_constantsForOtherChannels_areARecipeError() {
        recipeError(new Recipe.Data(
                        "mnist",
                        Augmentation.NONE,
                        0,
                        ColorAugmentation.NONE,
                        List.of(0.5, 0.5, 0.5),
                        List.of(0.2, 0.2, 0.2),
                        Recipe.Sampling.SHUFFLE,
                        0))
                .withMessageContaining("data.mean = [0.5, 0.5, 0.5] is for images of 3 channels")
                .withMessageContaining("data.dataset = mnist, channels = 1");
    }

    @Test
    void spec_unknownName_listsTheKnown() {
        recipeError(data("fashion", Augmentation.NONE, 0))
                .withMessageContaining("unknown data.dataset = fashion")
                .withMessageContaining("fashion-mnist, mnist");
    }

    @Test
    void spec_unsuitableAugmentationSizeOrColor_isARecipeError() {
        recipeError(data("mnist", Augmentation.RANDOM_RESIZED_CROP, 0)).withMessageContaining("random-resized-crop");
        recipeError(data("mnist", Augmentation.NONE, 29)).withMessageContaining("data.image-size = 29");
        recipeError(new Recipe.Data("cifar10", Augmentation.NONE, 0, ColorAugmentation.JITTER_AND_LIGHTING))
                .withMessageContaining("data.color = jitter-and-lighting");
    }

    @Test
    void open_synthetic_takesItsParametersFromTheName() {
        OpenDataset open = Datasets.open(
                data("synthetic:classes=3,shape=1x12x16,images=40,validation=7", Augmentation.PAD_CROP_FLIP, 0),
                Optional.empty());
        assertThat(open.training().size()).isEqualTo(40);
        assertThat(open.validation().size()).isEqualTo(7);
        assertThat(open.classes()).isEqualTo(3);
        assertThat(open.shape()).isEqualTo(new ImageShape(1, 12, 16));
        assertThat(open.spec().trainingImages()).hasValue(40);
        assertThat(open.fingerprint()).hasSize(64);
    }

    @Test
    void spec_syntheticWithWrongParameter_isARecipeError() {
        for (String wrong : List.of("synthetic:", "synthetic:images=0", "synthetic:image=5", "synthetic:shape=2x8x8")) {
            recipeError(data(wrong, Augmentation.NONE, 0)).withMessageContaining("data.dataset = " + wrong);
        }
    }

    @Test
    void open_missingFiles_isADataError() {
        dataError().withMessageContaining("dataset = fashion-mnist, folder = " + folder);
    }

    @Test
    void open_wrongContents_isAChecksumMismatch() {
        writeTiny(IdxFiles.images(2));
        dataError().withMessageContaining("checksum mismatch").withMessageContaining("train-images-idx3-ubyte");
    }

    @Test
    void open_damagedFile_namesTheDamageRatherThanTheChecksum() {
        writeTiny(IdxFiles.labels(1, 2));
        dataError().withMessageContaining("not an IDX file");
    }

    @Test
    void open_fashionMnistOfDebian_hasItsSizesAndConstants() {
        assumeTrue(Files.isDirectory(DEBIAN), "needs the Debian package dataset-fashion-mnist");
        OpenDataset open = Datasets.open(data("fashion-mnist", Augmentation.PAD_CROP_FLIP, 0), Optional.of(DEBIAN));

        assertThat(open.training().size()).isEqualTo(60_000);
        assertThat(open.validation().size()).isEqualTo(10_000);
        assertThat(open.training().fingerprint()).isNotEqualTo(open.validation().fingerprint());
        assertThat(countOf(open.validation(), 9)).isEqualTo(1000);
        assertConstants(open.training(), open.spec());
        FloatBuffer seen = FloatBuffer.allocate(784);
        open.evaluationTransform().apply(open.validation().image(0), KeyedRandom.of(0), seen);
        assertThat(seen.get(0)).isCloseTo(-0.2860f / 0.3530f, within(1e-5f));
    }

    private static long countOf(Dataset dataset, int label) {
        return java.util.stream.IntStream.range(0, dataset.size())
                .filter(i -> dataset.label(i) == label)
                .count();
    }

    private static void assertConstants(Dataset dataset, DatasetSpec spec) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < dataset.size(); i++) {
            for (byte value : ((ImageData.Pixels) dataset.image(i)).values()) {
                double pixel = (value & 0xFF) / 255.0;
                sum += pixel;
                squares += pixel * pixel;
            }
        }
        double count = 784.0 * dataset.size();
        double mean = sum / count;
        assertThat(spec.normalization().mean().get(0)).isCloseTo(mean, within(5e-5));
        assertThat(spec.normalization().deviation().get(0))
                .isCloseTo(Math.sqrt(squares / count - mean * mean), within(5e-5));
    }

    private void writeTiny(byte[] images) {
        IdxFiles.write(folder, "train-images-idx3-ubyte", images);
        IdxFiles.write(folder, "train-labels-idx1-ubyte", IdxFiles.labels(1, 2));
        IdxFiles.write(folder, "t10k-images-idx3-ubyte.gz", IdxFiles.gzip(IdxFiles.images(1)));
        IdxFiles.write(folder, "t10k-labels-idx1-ubyte", IdxFiles.labels(1));
    }

    private org.assertj.core.api.ThrowableAssertAlternative<LockstepException> dataError() {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> Datasets.open(data("fashion-mnist", Augmentation.NONE, 0), Optional.of(folder)))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }

    private static org.assertj.core.api.ThrowableAssertAlternative<LockstepException> recipeError(Recipe.Data data) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> Datasets.spec(data))
                .matches(e -> e.kind() == LockstepException.Kind.RECIPE);
    }

    private static Recipe.Data data(String dataset, Augmentation augmentation, int imageSize) {
        return new Recipe.Data(dataset, augmentation, imageSize, ColorAugmentation.NONE);
    }
}
