package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
final class CifarDatasetTest {
    private static final List<String> CLASSES = Collections.nCopies(10, "class");

    @TempDir
    Path folder;

    @Test
    void read_cifar10_interleavesThePlanes() {
        byte[] records = ByteBuffer.allocate(2 * 3073)
                .put(record(1, 7))
                .put(record(1, 3))
                .array();
        Dataset dataset = read(1, records);

        assertThat(dataset.size()).isEqualTo(2);
        assertThat(dataset.label(0)).isEqualTo(7);
        assertThat(dataset.label(1)).isEqualTo(3);
        ImageData.Pixels image = (ImageData.Pixels) dataset.image(1);
        assertThat(Arrays.copyOf(image.values(), 6)).containsExactly(3, 103, (byte) 203, 4, 104, (byte) 204);
        assertThat(image.values()).hasSize(3072);
    }

    @Test
    void read_cifar100_usesTheFineLabel() {
        assertThat(read(2, record(2, 5)).label(0)).isEqualTo(5);
    }

    @Test
    void read_severalFiles_areConcatenated() {
        Path first = IdxFiles.write(folder, "first", record(1, 1));
        Path second = IdxFiles.write(folder, "second", record(1, 2));
        Dataset dataset = CifarDataset.read("test", List.of(first, second), 1, CLASSES, ContentCheck.NONE);

        assertThat(List.of(dataset.label(0), dataset.label(1))).containsExactly(1, 2);
    }

    @Test
    void read_truncatedOrEmpty_namesBytesAndRecord() {
        fails(Arrays.copyOf(record(1, 1), 3072)).withMessageContaining("bytes = 3072, bytes per record = 3073");
        fails(new byte[0]).withMessageContaining("truncated");
        fails(record(2, 1)).withMessageContaining("another version");
    }

    @Test
    void read_labelOutsideClasses_namesImageAndLabel() {
        fails(record(1, 10)).withMessageContaining("image = 0, label = 10, classes = 10");
    }

    /** Label bytes, then planes that start with label, label + 100, label + 200 and count up. */
    private static byte[] record(int labelBytes, int label) {
        byte[] bytes = new byte[labelBytes + 3072];
        bytes[labelBytes - 1] = (byte) label;
        for (int i = 0; i < 1024; i++) {
            for (int plane = 0; plane < 3; plane++) {
                bytes[labelBytes + plane * 1024 + i] = (byte) (label + 100 * plane + i);
            }
        }
        return bytes;
    }

    private Dataset read(int labelBytes, byte[] contents) {
        Path file = IdxFiles.write(folder, "file", contents);
        return CifarDataset.read("test", List.of(file), labelBytes, CLASSES, ContentCheck.NONE);
    }

    private org.assertj.core.api.ThrowableAssertAlternative<LockstepException> fails(byte[] contents) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> read(1, contents))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }

    @Test
    void read_gzipBomb_namesTheLimit() throws IOException {
        Path bomb = folder.resolve("bomb");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(bomb))) {
            for (int i = 0; i <= 256; i++) {
                out.write(new byte[1 << 20]);
            }
        }
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> CifarDataset.read("test", List.of(bomb), 1, CLASSES, ContentCheck.NONE))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("file is too large for a dataset")
                .withMessageContaining("limit in uncompressed bytes = 268435456");
    }
}
