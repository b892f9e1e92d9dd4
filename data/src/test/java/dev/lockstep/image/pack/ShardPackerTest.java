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
    void pack_badImage_failsOrIsSkippedAndListed() {
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

    /** A killed process leaves its folder, which must be removed and not block the next attempt. */
    @Test
    void pack_afterAKilledPack_removesItsLeftovers() throws IOException {
        PhotographFolders.file(temp.resolve(".shards.partial-0123/.lock"), new byte[0]);
        PhotographFolders.file(temp.resolve(".shards.partial-0123/train-000000.tar"), new byte[5]);
        Path other = PhotographFolders.file(temp.resolve("shards.partial/precious"), new byte[1]);
        new ShardPacker(0, 95, 3, false).pack(folder, out);
        assertThat(temp.resolve(".shards.partial-0123")).doesNotExist();
        assertThat(other).exists();
        assertThat(temp).isDirectoryNotContaining("glob:**/.shards*");
        assertThat(out).isDirectoryNotContaining("glob:**/.lock");
    }

    @Test
    void pack_concurrently_leavesTheOtherAlone() throws IOException {
        try (Unfinished atWork = Unfinished.create(out)) {
            new ShardPacker(0, 95, 3, false).pack(folder, out);
            assertThat(atWork.folder()).exists();
        }
        assertThat(temp).isDirectoryNotContaining("glob:**/.shards*");
    }

    /** A planted link must not redirect the shards. */
    @Test
    void pack_linkWithTheOldTemporaryName_isNotFollowed() throws IOException {
        Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
        Files.createSymbolicLink(temp.resolve("shards.partial"), elsewhere);
        new ShardPacker(0, 95, 3, false).pack(folder, out);
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void pack_classNameWithLineBreak_isRefused() {
        PhotographFolders.write(folder, List.of("two\nlines"), 1, 1);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new ShardPacker(0, 95, 3, false).pack(folder, out))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("class name cannot be written as a line of classes.txt");
        assertThat(out).doesNotExist();
    }

    @Test
    void pack_skippedImages_leaveNoEmptyShard() {
        for (int i = 0; i < 4; i++) {
            PhotographFolders.file(folder.resolve("train/ant/" + i + ".JPEG"), new byte[0]);
        }
        PhotographFolders.file(folder.resolve("train/ant/4.png"), TestImages.png(20, 20, 5));
        ShardPacker.Result result = new ShardPacker(0, 95, 2, true).pack(folder, out);
        assertThat(result.images()).isEqualTo(10);
        assertThat(WebDataset.read(out).get(0).size()).isEqualTo(6);
    }

    @Test
    void shards_oneLost_isNamed() throws IOException {
        new ShardPacker(0, 95, 3, false).pack(folder, out);
        Files.delete(out.resolve("train-000001.tar"));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> WebDataset.read(out))
                .withMessageContaining("shard is missing")
                .withMessageContaining("train-000001.tar");
    }

    /** Images with damage that only a decoder would notice must not be packed. */
    @Test
    void pack_damagedData_failsOrIsSkipped() throws IOException {
        Path file = folder.resolve("train/ant/1.JPEG");
        byte[] jpeg = Files.readAllBytes(file);
        java.util.Arrays.fill(jpeg, jpeg.length * 7 / 10, jpeg.length - 2, (byte) 0);
        Files.write(file, jpeg);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> new ShardPacker(0, 95, 3, false).pack(folder, out))
                .withMessageContaining("JPEG file is damaged");
        assertThat(new ShardPacker(0, 95, 3, true).pack(folder, out).skipped()).containsOnlyKeys("train/ant/1");
    }

    @Test
    void shards_labelOutsideTheClasses_namesShardAndMember() throws IOException {
        new ShardPacker(0, 95, 100, false).pack(folder, out);
        Files.writeString(out.resolve(WebDataset.CLASSES), "ant\n");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> WebDataset.read(out))
                .withMessageContaining("label is out of range")
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
                .withMessageContaining("quality = 0");
    }

    private static byte[] bytes(Dataset dataset, int index) {
        return ((ImageData.Encoded) dataset.image(index)).bytes();
    }

    private static ImageHeader header(Dataset dataset, int index) {
        return ImageHeader.read((ImageData.Encoded) dataset.image(index));
    }
}
