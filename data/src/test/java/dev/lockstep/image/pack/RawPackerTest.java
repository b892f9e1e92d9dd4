package dev.lockstep.image.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.TestImages;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.PhotographFolders;
import dev.lockstep.image.format.RawDataset;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.image.transform.ShortSide;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.Augmentation;
import dev.lockstep.recipe.Recipe.ColorAugmentation;
import dev.lockstep.sampling.KeyedRandom;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RawPackerTest {
    private static final int SIDE = 24;

    @TempDir
    Path temp;

    private Path folder;
    private Path out;

    @BeforeEach
    void write() {
        folder = PhotographFolders.write(temp.resolve("images"), List.of("ant", "bee"), 4, 2);
        PhotographFolders.file(folder.resolve("train/bee/x.y.png"), TestImages.png(20, 20, 99));
        out = temp.resolve("pixels");
    }

    @Test
    void pack_holdsTheReducedImagesInOrder() {
        ShardPacker.Result result = new RawPacker(SIDE, 3, false).pack(folder, out);

        assertThat(result).isEqualTo(new ShardPacker.Result(13, 5, Map.of()));
        List<Dataset> folders = ImageFolder.read(folder);
        List<Dataset> packed = read(out);
        for (int set = 0; set < 2; set++) {
            Dataset expected = folders.get(set);
            Dataset raw = packed.get(set);
            assertThat(raw.size()).isEqualTo(expected.size());
            assertThat(raw.classNames()).isEqualTo(expected.classNames());
            for (int i = 0; i < expected.size(); i++) {
                assertThat(raw.label(i)).isEqualTo(expected.label(i));
                same(raw.image(i), ShortSide.reduce(expected.image(i), SIDE));
            }
        }
    }

    /** An image that is not reduced goes through the transforms as its file does: the same crop, flip and colors. */
    @Test
    void image_notReduced_isSeenAsItsFile() {
        new RawPacker(30, 100, false).pack(folder, out);
        Dataset files = ImageFolder.read(folder).get(0);
        Dataset raw = read(out).get(0);
        PhotographTransform transform = PhotographTransform.training(16, true, true, Normalization.IMAGENET);
        for (int i = 0; i < files.size(); i++) {
            assertThat(seen(transform, raw.image(i), i)).isEqualTo(seen(transform, files.image(i), i));
        }
    }

    @Test
    void image_withOrientation_isTurnedForOwnPhotographsOnly() {
        byte[] turned = ImageCodec.withOrientation(TestImages.jpeg(40, 30, 5), 6);
        PhotographFolders.file(folder.resolve("train/ant/0.JPEG"), turned);
        new RawPacker(30, 100, false).pack(folder, out);

        ImageData.Pixels stored = (ImageData.Pixels) read(out).get(0).image(0);
        ImageData.Pixels upright = (ImageData.Pixels)
                RawDataset.read(out, OptionalInt.of(2), true).get(0).image(0);
        assertThat(List.of(stored.width(), stored.height())).containsExactly(40, 30);
        assertThat(List.of(upright.width(), upright.height())).containsExactly(30, 40);
        PhotographTransform transform = PhotographTransform.evaluation(16, Normalization.IMAGENET);
        ImageData file = new ImageData.Encoded("x", turned);
        assertThat(seen(transform, stored, 0)).isEqualTo(seen(transform, file, 0));
        assertThat(seen(transform.upright(), upright, 0)).isEqualTo(seen(transform.upright(), file, 0));
    }

    @Test
    void pack_twice_givesTheSameBytes() throws IOException {
        new RawPacker(SIDE, 4, false).pack(folder, out);
        Path again = temp.resolve("again");
        new RawPacker(SIDE, 4, false).pack(folder, again);
        try (Stream<Path> files = Files.list(out)) {
            for (Path file : files.toList()) {
                assertThat(again.resolve(file.getFileName())).hasSameBinaryContentAs(file);
            }
        }
        assertThat(read(again).get(0).fingerprint())
                .isEqualTo(read(out).get(0).fingerprint())
                .isNotEqualTo(read(out).get(1).fingerprint());
    }

    @Test
    void pack_otherPixels_changeTheFingerprint() {
        new RawPacker(SIDE, 4, false).pack(folder, out);
        PhotographFolders.file(folder.resolve("train/ant/0.JPEG"), TestImages.jpeg(40, 30, 1234));
        new RawPacker(SIDE, 4, false).pack(folder, temp.resolve("other"));
        assertThat(read(temp.resolve("other")).get(0).fingerprint())
                .isNotEqualTo(read(out).get(0).fingerprint());
    }

    @Test
    void open_dataset_takesRawShards() {
        new RawPacker(SIDE, 100, false).pack(folder, out);
        Recipe.Data data = new Recipe.Data("webdataset", Augmentation.RANDOM_RESIZED_CROP, 16, ColorAugmentation.NONE);
        assertThat(Datasets.open(data, Optional.of(out)).training().size()).isEqualTo(9);
    }

    @Test
    void image_damaged_isNamed() throws IOException {
        new RawPacker(SIDE, 100, false).pack(folder, out);
        Path file = out.resolve("train-000000.raw");
        byte[] bytes = Files.readAllBytes(file);
        bytes[100] ^= 1;
        Files.write(file, bytes);
        Dataset raw = read(out).get(0);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> raw.image(0))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("raw image is damaged")
                .withMessageContaining("train-000000.raw:ant/0");
        assertThat(raw.image(1)).isNotNull();
    }

    @Test
    void read_shardLostOrLabelOutside_isNamed() throws IOException {
        new RawPacker(SIDE, 3, false).pack(folder, out);
        Files.writeString(out.resolve("classes.txt"), "ant\n");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> read(out))
                .withMessageContaining("label is out of range")
                .withMessageContaining("image = bee/");
        Files.delete(out.resolve("train-000001.raw"));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> read(out))
                .withMessageContaining("shard is missing")
                .withMessageContaining("train-000001.raw");
    }

    @Test
    void pack_badImage_failsOrIsSkippedAndListed() {
        PhotographFolders.file(folder.resolve("train/ant/0.JPEG"), new byte[0]);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new RawPacker(SIDE, 3, false).pack(folder, out))
                .withMessageContaining("image file is empty");
        assertThat(temp).isDirectoryNotContaining("glob:**pixels*");

        ShardPacker.Result result = new RawPacker(SIDE, 3, true).pack(folder, out);
        assertThat(result.images()).isEqualTo(12);
        assertThat(result.skipped()).containsOnlyKeys("train/ant/0");
        assertThat(read(out).get(0).name(0)).endsWith("train-000000.raw:ant/1");
    }

    @Test
    void packer_withoutASide_isRefused() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new RawPacker(0, 1, false))
                .matches(e -> e.kind() == LockstepException.Kind.RECIPE)
                .withMessageContaining("short-side = 0");
    }

    private static List<Dataset> read(Path folder) {
        return RawDataset.read(folder, OptionalInt.empty(), false);
    }

    private static void same(ImageData seen, ImageData.Pixels expected) {
        ImageData.Pixels pixels = (ImageData.Pixels) seen;
        assertThat(List.of(pixels.height(), pixels.width(), pixels.channels()))
                .containsExactly(expected.height(), expected.width(), expected.channels());
        assertThat(pixels.values()).isEqualTo(expected.values());
    }

    private static float[] seen(PhotographTransform transform, ImageData image, long key) {
        FloatBuffer seen = FloatBuffer.allocate(transform.shape().floats());
        transform.apply(image, KeyedRandom.of(key), seen);
        return seen.array();
    }
}
