package dev.lockstep.image.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageHeader;
import dev.lockstep.image.codec.TestImages;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.PhotographFolders;
import dev.lockstep.image.format.WebDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShardPackerTest {
    @TempDir
    Path temp;

    private Path folder;
    private Path out;

    @BeforeEach
    void write() {
        folder = PhotographFolders.write(temp.resolve("images"), List.of("ant", "bee"), 4, 2);
        PhotographFolders.file(folder.resolve("train/bee/x.y.png"), TestImages.png(20, 20, 99));
        out = temp.resolve("shards");
    }

    @Test
    void pack_shardsAreTheSameDataset() {
        ShardPacker.Result result = new ShardPacker(0, 95, 3, false).pack(folder, out);

        assertThat(result).isEqualTo(new ShardPacker.Result(13, 5, java.util.Map.of()));
        assertThat(WebDataset.isOne(out)).isTrue();
        List<Dataset> folders = ImageFolder.read(folder);
        List<Dataset> shards = WebDataset.read(out);
        for (int set = 0; set < 2; set++) {
            Dataset expected = folders.get(set);
            Dataset packed = shards.get(set);
            assertThat(packed.size()).isEqualTo(expected.size());
            assertThat(packed.classNames()).isEqualTo(expected.classNames());
            assertThat(packed.fingerprint()).isEqualTo(expected.fingerprint());
            for (int i = 0; i < expected.size(); i++) {
                assertThat(packed.label(i)).isEqualTo(expected.label(i));
                assertThat(bytes(packed, i)).isEqualTo(bytes(expected, i));
            }
        }
    }

    @Test
    void pack_twice_givesTheSameBytes() throws IOException {
        new ShardPacker(24, 90, 100, false).pack(folder, out);
        Path again = temp.resolve("again");
        new ShardPacker(24, 90, 100, false).pack(folder, again);
        try (Stream<Path> files = Files.list(out)) {
            for (Path file : files.toList()) {
                assertThat(again.resolve(file.getFileName())).hasSameBinaryContentAs(file);
            }
        }
    }

    @Test
    void pack_shortSide_reducesOnlyLargerImages() {
        new ShardPacker(24, 90, 100, false).pack(folder, out);
        Dataset training = WebDataset.read(out).get(0);

        assertThat(header(training, 0)).isEqualTo(new ImageHeader(ImageHeader.Format.JPEG, 32, 24));
        assertThat(header(training, 8)).isEqualTo(new ImageHeader(ImageHeader.Format.PNG, 20, 20));
        assertThat(training.fingerprint())
                .isNotEqualTo(ImageFolder.read(folder).get(0).fingerprint());
    }

    @Test
    void pack_badImage_failsOrIsLeftOutAndListed() {
        PhotographFolders.file(folder.resolve("train/ant/1.JPEG"), new byte[0]);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new ShardPacker(0, 95, 3, false).pack(folder, out))
                .withMessageContaining("image file is empty")
                .withMessageContaining("1.JPEG");
        assertThat(temp).isDirectoryNotContaining("glob:**shards*");

        ShardPacker.Result result = new ShardPacker(0, 95, 3, true).pack(folder, out);
        assertThat(result.images()).isEqualTo(12);
        assertThat(result.skipped()).containsOnlyKeys("train/ant/1");
    }

    @Test
    void pack_sameKeys_isAnError() {
        PhotographFolders.file(folder.resolve("train/ant/1.png"), TestImages.png(20, 20, 3));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new ShardPacker(0, 95, 3, false).pack(folder, out))
                .withMessageContaining("key = ant/1");
    }

    @Test
    void pack_intoAFolderWithFiles_isRefused() {
        PhotographFolders.file(out.resolve("precious"), new byte[] {1});
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new ShardPacker(0, 95, 3, false).pack(folder, out))
                .withMessageContaining("is not empty")
                .withMessageContaining(out.toString());
        assertThat(out.resolve("precious")).exists();
    }

    @Test
    void pack_besideAnUnfinishedOne_leavesItAlone() {
        Path partial = PhotographFolders.file(temp.resolve("shards.partial/precious"), new byte[] {1});
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new ShardPacker(0, 95, 3, false).pack(folder, out))
                .withMessageContaining("shards.partial");
        assertThat(partial).exists();
    }

    @Test
    void shards_labelOutsideTheClasses_namesShardAndMember() throws IOException {
        new ShardPacker(0, 95, 100, false).pack(folder, out);
        Files.writeString(out.resolve(WebDataset.CLASSES), "ant\n");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> WebDataset.read(out))
                .withMessageContaining("label is outside the classes")
                .withMessageContaining("train-000000.tar, member = bee/0.jpg, label = 1, classes = 1");
    }

    @Test
    void shards_withoutClassNames_countTheLabels() throws IOException {
        new ShardPacker(0, 95, 100, false).pack(folder, out);
        Files.delete(out.resolve(WebDataset.CLASSES));
        assertThat(WebDataset.read(out).get(1).classNames()).containsExactly("0", "1");
    }

    @Test
    void shards_withoutValidation_saySo() throws IOException {
        new ShardPacker(0, 95, 100, false).pack(folder, out);
        Files.delete(out.resolve("val-000000.tar"));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> WebDataset.read(out))
                .withMessageContaining("no shards")
                .withMessageContaining("*val*.tar");
    }

    @Test
    void packer_checksItsSettings() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new ShardPacker(0, 0, 1, false))
                .matches(e -> e.kind() == LockstepException.Kind.RECIPE)
                .withMessageContaining("--quality = 0");
    }

    private static byte[] bytes(Dataset dataset, int index) {
        return ((ImageData.Encoded) dataset.image(index)).bytes();
    }

    private static ImageHeader header(Dataset dataset, int index) {
        return ImageHeader.read((ImageData.Encoded) dataset.image(index));
    }
}
