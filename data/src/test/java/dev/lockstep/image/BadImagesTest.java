package dev.lockstep.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.codec.TestImages;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.PhotographFolders;
import dev.lockstep.image.format.WebDataset;
import dev.lockstep.image.transform.PhotographTransform;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class BadImagesTest {
    private static final PhotographTransform TRANSFORM =
            PhotographTransform.training(16, false, false, Normalization.IMAGENET);

    @TempDir
    Path folder;

    private Dataset dataset;

    /** Six images in two classes. Number 1 is replaced by an empty file, number 4 by text. */
    @BeforeEach
    void write() {
        PhotographFolders.write(folder, List.of("ant", "bee"), 4, 1);
        PhotographFolders.file(folder.resolve("train/ant/1.JPEG"), new byte[0]);
        PhotographFolders.file(
                folder.resolve("train/bee/0.JPEG"), "text".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        dataset = ImageFolder.read(folder).get(0);
    }

    @Test
    void refused_theFirstBadImageEndsTheRun() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> load(BadImages.refused(), 2, 0, 1, 2))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("image file is empty")
                .withMessageContaining("ant/1.JPEG");
    }

    static Set<String> kinds() {
        return TestImages.bad().keySet();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyKind_isNamedAndReplacedInShardsAsInFolders(String what) {
        PhotographFolders.file(
                folder.resolve("train/ant/1.JPEG"), TestImages.bad().get(what));
        dataset = ImageFolder.read(folder).get(0);
        List<String> replacement = load(BadImages.replaced(), 1, 1);
        namesIt(what, "train/ant/1.JPEG");

        dataset = WebDataset.read(PhotographFolders.shards(folder, folder.resolve("shards")))
                .get(0);
        namesIt(what, folder.resolve("shards/train-0.tar") + ":ant/1.jpg");
        assertThat(load(BadImages.replaced(), 1, 1)).isEqualTo(replacement);
    }

    private void namesIt(String what, String where) {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> load(BadImages.refused(), 1, 1))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining(what)
                .withMessageContaining(where)
                .withMessageContaining("skip bad images");
        BadImages bad = BadImages.replaced();
        load(bad, 1, 1);
        assertThat(bad.found()).containsOnlyKeys(1);
        assertThat(bad.reason(1)).contains(what, where);
    }

    @Test
    void replaced_doesNotDependOnTheLoader() {
        int[] samples = {0, 1, 2, 3, 4, 5, 6, 7};
        List<String> together = load(BadImages.replaced(), 3, samples);
        List<String> alone = new ArrayList<>();
        for (int sample : samples) {
            alone.addAll(load(BadImages.replaced(), 1, sample));
        }
        assertThat(together).isEqualTo(alone);
    }

    @Test
    void replaced_takesAnotherImageWithItsOwnLabel() {
        List<String> good = load(BadImages.replaced(), 1, 0, 2, 3, 5, 6, 7);
        assertThat(good).contains(load(BadImages.replaced(), 1, 1).get(0));
    }

    @Test
    void replaced_countsAndListsEachOnce() {
        BadImages bad = BadImages.replaced();
        load(bad, 2, 0, 1, 4, 1);
        load(bad, 2, 1, 2);

        assertThat(bad.found().keySet()).isEqualTo(Set.of(1, 4));
        assertThat(bad.found().get(4))
                .startsWith("not a JPEG, PNG, WebP, BMP, GIF or TIFF file, image = ")
                .endsWith("bee/0.JPEG, first bytes = 74 65 78 74");
    }

    @Test
    void replaced_allImagesBad_givesUpWithTheFirstFailure() {
        PhotographFolders.write(folder.resolve("all"), List.of("ant"), 2, 1);
        PhotographFolders.file(folder.resolve("all/train/ant/0.JPEG"), new byte[0]);
        PhotographFolders.file(folder.resolve("all/train/ant/1.JPEG"), new byte[0]);
        dataset = ImageFolder.read(folder.resolve("all")).get(0);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> load(BadImages.replaced(), 1, 1))
                .withMessageContaining("ant/1.JPEG");
    }

    /** Label and pixels of each sample, loaded as batches of one. */
    private List<String> load(BadImages bad, int threads, int... samples) {
        List<BatchRequest> requests = Arrays.stream(samples)
                .mapToObj(sample -> new BatchRequest(0, 3, 0, new int[] {sample}))
                .toList();
        List<String> loaded = new ArrayList<>();
        try (BatchLoader loader = new BatchLoader(dataset, TRANSFORM, bad, 7, threads, 2, requests.iterator())) {
            for (Optional<HostBatch> next = loader.next(); next.isPresent(); next = loader.next()) {
                float[] pixels = new float[next.get().pixels().limit()];
                next.get().pixels().get(pixels);
                loaded.add(next.get().labels()[0] + " " + Arrays.hashCode(pixels));
                next.get().close();
            }
        }
        return loaded;
    }
}
