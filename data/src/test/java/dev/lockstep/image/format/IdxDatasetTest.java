package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IdxDatasetTest {
    private static final List<String> CLASSES = List.of("a", "b", "c");

    @TempDir
    Path folder;

    @Test
    void read_plainFiles_givesImagesAndLabels() {
        Dataset dataset = read(IdxFiles.images(3), IdxFiles.labels(2, 0, 1));

        assertThat(dataset.size()).isEqualTo(3);
        assertThat(List.of(dataset.label(0), dataset.label(1), dataset.label(2)))
                .containsExactly(2, 0, 1);
        ImageData.Pixels image = (ImageData.Pixels) dataset.image(1);
        assertThat(image.height()).isEqualTo(2);
        assertThat(image.width()).isEqualTo(3);
        assertThat(image.channels()).isEqualTo(1);
        assertThat(image.values()).containsExactly(6, 7, 8, 9, 10, 11);
    }

    @Test
    void read_gzipFiles_equalsPlain() {
        Dataset plain = read(IdxFiles.images(3), IdxFiles.labels(2, 0, 1));
        Dataset compressed = read(IdxFiles.gzip(IdxFiles.images(3)), IdxFiles.gzip(IdxFiles.labels(2, 0, 1)));

        assertThat(compressed.fingerprint()).isEqualTo(plain.fingerprint()).hasSize(64);
    }

    @Test
    void fingerprint_changesWithNameLabelsPixelsAndSize() {
        String original = read(IdxFiles.images(3), IdxFiles.labels(2, 0, 1)).fingerprint();
        byte[] brighter = IdxFiles.images(3);
        brighter[brighter.length - 1]++;

        assertThat(List.of(
                        original,
                        read(IdxFiles.images(3), IdxFiles.labels(2, 0, 2)).fingerprint(),
                        read(brighter, IdxFiles.labels(2, 0, 1)).fingerprint(),
                        read(IdxFiles.images(2), IdxFiles.labels(2, 0)).fingerprint(),
                        read("other", IdxFiles.images(3), IdxFiles.labels(2, 0, 1))
                                .fingerprint()))
                .doesNotHaveDuplicates();
    }

    @Test
    void read_wrongMagic_namesFileMagicAndExpected() {
        fails(IdxFiles.labels(0), IdxFiles.labels(0))
                .withMessageContaining("not an IDX file")
                .withMessageContaining("images-file")
                .withMessageContaining("magic = 0x00000801, expected = 0x00000803");
    }

    @Test
    void read_textFile_isNotAnIdxFile() {
        fails("hello, world".getBytes(java.nio.charset.StandardCharsets.UTF_8), IdxFiles.labels(0))
                .withMessageContaining("not an IDX file");
    }

    @Test
    void read_truncatedAtAnyByte_saysTruncated() {
        byte[] whole = IdxFiles.images(2);
        for (int length = 0; length < whole.length; length++) {
            fails(Arrays.copyOf(whole, length), IdxFiles.labels(0, 1))
                    .withMessageContaining("truncated")
                    .withMessageContaining("images-file");
        }
    }

    @Test
    void read_truncatedGzip_saysDamaged() {
        byte[] whole = IdxFiles.gzip(IdxFiles.images(200));
        for (int length : new int[] {2, 9, 11, whole.length / 2, whole.length - 1}) {
            fails(Arrays.copyOf(whole, length), IdxFiles.labels(0, 1))
                    .withMessageContaining("gzip data is damaged or truncated")
                    .withMessageContaining("images-file");
        }
    }

    @Test
    void read_trailingBytes_isAnError() {
        byte[] whole = IdxFiles.images(2);
        fails(Arrays.copyOf(whole, whole.length + 1), IdxFiles.labels(0, 1))
                .withMessageContaining("bytes after its last value");
    }

    @Test
    void read_impossibleDimensions_isAnError() {
        fails(IdxFiles.array(new int[] {0, 2, 3}, new byte[0]), IdxFiles.labels(0))
                .withMessageContaining("[0, 2, 3]");
        fails(IdxFiles.array(new int[] {-1, 2, 3}, new byte[6]), IdxFiles.labels(0))
                .withMessageContaining("[-1, 2, 3]");
        fails(IdxFiles.array(new int[] {65_536, 65_536, 65_536}, new byte[6]), IdxFiles.labels(0))
                .withMessageContaining("dimensions are invalid");
    }

    @Test
    void read_hugeDimensionsWithoutData_failsWithoutAllocatingThem() {
        fails(IdxFiles.array(new int[] {300_000, 28, 28}, new byte[6]), IdxFiles.labels(0))
                .withMessageContaining("values = 6 of 235200000");
    }

    /** A few kilobytes of gzip can expand to the claimed size. */
    @Test
    void read_dimensionsOfNoDataset_nameTheLimit() {
        fails(IdxFiles.gzip(IdxFiles.array(new int[] {2_000_000, 28, 28}, new byte[6])), IdxFiles.labels(0))
                .withMessageContaining("dimensions = [2000000, 28, 28]")
                .withMessageContaining("at most 268435456");
    }

    @Test
    void read_countsDiffer_namesBoth() {
        fails(IdxFiles.images(3), IdxFiles.labels(0, 1))
                .withMessageContaining("images = 3")
                .withMessageContaining("labels = 2");
    }

    @Test
    void read_labelOutsideClasses_namesImageAndLabel() {
        fails(IdxFiles.images(3), IdxFiles.labels(0, 3, 1)).withMessageContaining("image = 1, label = 3, classes = 3");
        fails(IdxFiles.images(3), IdxFiles.labels(0, 255, 1)).withMessageContaining("label = 255");
    }

    @Test
    void read_missingFile_namesIt() {
        Path labels = IdxFiles.write(folder, "labels-file", IdxFiles.labels(0));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(
                        () -> IdxDataset.read("test", folder.resolve("nowhere"), labels, CLASSES, ContentCheck.NONE))
                .withMessageContaining("no such file")
                .withMessageContaining("nowhere");
    }

    @Test
    void read_failedCheck_comesAfterFormatErrors() {
        ContentCheck refuse = (file, found) -> {
            throw LockstepException.data("refused " + found, "", "");
        };
        Path good = IdxFiles.write(folder, "good", IdxFiles.gzip(IdxFiles.images(1)));
        Path bad = IdxFiles.write(folder, "bad", new byte[3]);
        Path labels = IdxFiles.write(folder, "labels", IdxFiles.labels(0));

        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> IdxDataset.read("test", good, labels, CLASSES, refuse))
                .withMessage("refused " + ContentDigest.of(IdxFiles.write(folder, "plain", IdxFiles.images(1))));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> IdxDataset.read("test", bad, labels, CLASSES, refuse))
                .withMessageContaining("truncated");
    }

    private org.assertj.core.api.ThrowableAssertAlternative<LockstepException> fails(byte[] images, byte[] labels) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> read(images, labels))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .matches(e -> e.getMessage().lines().count() == 1);
    }

    private Dataset read(byte[] images, byte[] labels) {
        return read("test", images, labels);
    }

    private Dataset read(String name, byte[] images, byte[] labels) {
        return IdxDataset.read(
                name,
                IdxFiles.write(folder, "images-file", images),
                IdxFiles.write(folder, "labels-file", labels),
                CLASSES,
                ContentCheck.NONE);
    }
}
