package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;

final class RawShardTest {
    private Path folder;

    @BeforeProperty
    void createFolder() throws IOException {
        folder = Files.createTempDirectory("raw-shard");
    }

    @AfterProperty
    void deleteFolder() throws IOException {
        Files.deleteIfExists(folder.resolve("s.raw"));
        Files.delete(folder);
    }

    @Property(tries = 50)
    void open_written_isTheSame(
            @ForAll @Size(max = 5) List<@IntRange(min = 1, max = 30) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 8) int orientation,
            @ForAll String name)
            throws IOException {
        RawShard shard = RawShard.open(write(sizes, orientation, name));

        assertThat(shard.images()).hasSameSizeAs(sizes);
        int offset = 0;
        for (int i = 0; i < sizes.size(); i++) {
            RawShard.Image image = shard.images().get(i);
            byte[] seen = new byte[(int) image.bytes()];
            shard.pixels().get(offset, seen);
            offset += seen.length;
            assertThat(image.key()).isEqualTo(encodable(name) + i);
            assertThat(image.label()).isEqualTo(7 * i);
            assertThat((int) image.orientation()).isEqualTo(orientation);
            assertThat(image.height()).isEqualTo(sizes.get(i) + 1);
            assertThat(seen).isEqualTo(image(sizes.get(i)).values());
        }
        assertThat(shard.pixels().capacity()).isEqualTo(offset);
    }

    /** Any changed byte behind the pixels, and any other length, is noticed when a file is opened. */
    @Property(tries = 200)
    void open_damagedBehindThePixels_isRefused(
            @ForAll @IntRange(min = 1, max = 200) int fromTheEnd, @ForAll @IntRange(min = 1, max = 255) int change)
            throws IOException {
        Path file = write(List.of(9, 4, 20, 3, 5), 1, "a long name of a class and a photograph of it/");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - fromTheEnd] ^= (byte) change;
        refused(file, bytes);
        bytes[bytes.length - fromTheEnd] ^= (byte) change;
        refused(file, java.util.Arrays.copyOf(bytes, bytes.length - fromTheEnd));
        refused(file, java.util.Arrays.copyOf(bytes, bytes.length + fromTheEnd));
        refused(file, java.util.Arrays.copyOfRange(bytes, fromTheEnd, bytes.length));
    }

    private static void refused(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> RawShard.open(file))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("shard of raw images")
                .withMessageContaining(file.toString());
    }

    private Path write(List<Integer> sizes, int orientation, String name) throws IOException {
        Path file = folder.resolve("s.raw");
        Files.deleteIfExists(file);
        try (RawShardWriter writer = new RawShardWriter(file)) {
            for (int i = 0; i < sizes.size(); i++) {
                writer.add(encodable(name) + i, 7 * i, image(sizes.get(i)), orientation);
            }
        }
        return file;
    }

    private static ImageData.Pixels image(int size) {
        return TestImages.pixels(size, size + 1, size);
    }

    /** Without half surrogates, which UTF-8 does not have. */
    private static String encodable(String name) {
        return name.codePoints()
                .filter(point -> point < 0xD800 || point > 0xDFFF)
                .limit(50)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
