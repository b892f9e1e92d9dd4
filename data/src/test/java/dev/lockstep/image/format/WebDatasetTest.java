package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checks of shards. {@code ShardPackerTest} tests that shards hold what was packed. */
final class WebDatasetTest {
    @TempDir
    Path folder;

    /** A shard with one image for each label; keys are {@code PREFIX-NUMBER}. */
    private Path shard(String name, String prefix, int... labels) {
        TarFiles tar = new TarFiles();
        for (int i = 0; i < labels.length; i++) {
            tar.add(prefix + "-" + i + ".jpg", new byte[] {1});
            tar.add(prefix + "-" + i + ".cls", Integer.toString(labels[i]));
        }
        return PhotographFolders.file(folder.resolve(name), tar.bytes());
    }

    @Test
    void withoutClassNames_labelsAreTheClasses() {
        shard("train-0.tar", "a", 2, 0);
        shard("train-1.tar", "b", 1, 0);
        shard("val-0.tar", "a", 0, 1, 2);
        assertThat(WebDataset.read(folder).get(1).classNames()).containsExactly("0", "1", "2");
    }

    @Test
    void withoutClassNames_aGapIsAnError_howeverLargeTheLabel() {
        shard("train-0.tar", "a", 0, 1, 999_999_999);
        shard("val-0.tar", "a", 0, 1);
        fails().withMessageContaining("labels must be consecutive numbers from 0")
                .withMessageContaining("train-0.tar, member = a-2.jpg, label = 999999999, distinct labels = 3");
    }

    @Test
    void withoutClassNames_aLabelOfValidationAloneIsOutside() {
        shard("train-0.tar", "a", 0, 1);
        shard("val-0.tar", "a", 0, 1, 999_999_999);
        fails().withMessageContaining("label is out of range")
                .withMessageContaining("val-0.tar, member = a-2.jpg, label = 999999999, classes = 2");
    }

    @Test
    void classInOneSetOnlyOrInNone_isNamed() throws IOException {
        Files.writeString(folder.resolve(WebDataset.CLASSES), "ant\nbee\ncow\n");
        shard("train-0.tar", "a", 0, 1, 2);
        shard("val-0.tar", "a", 0, 2);
        fails().withMessageContaining("class is in train but not in val").withMessageContaining("class = bee");
        shard("train-0.tar", "a", 1, 2);
        shard("val-0.tar", "a", 0, 1, 2);
        fails().withMessageContaining("class is in val but not in train").withMessageContaining("class = ant");
        shard("train-0.tar", "a", 0, 1);
        shard("val-0.tar", "a", 0, 1);
        fails().withMessageContaining("class has no images in train or val").withMessageContaining("class = cow");
    }

    @Test
    void knownNumberOfClasses_holdsWhateverTheNamesSay() throws IOException {
        shard("train-0.tar", "a", 0, 1, 2);
        shard("val-0.tar", "a", 0, 1);
        knownToBeTwo();
        Files.writeString(folder.resolve(WebDataset.CLASSES), "ant\nbee\ncow\n");
        knownToBeTwo();
    }

    private void knownToBeTwo() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> WebDataset.read(folder, OptionalInt.of(2)))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("train-0.tar, member = a-2.jpg, label = 2, classes = 2");
    }

    @Test
    void classNamesInAnotherEncoding_saySo() throws IOException {
        shard("train-0.tar", "a", 0);
        shard("val-0.tar", "a", 0);
        Files.write(folder.resolve(WebDataset.CLASSES), new byte[] {'b', (byte) 0xE4, 'r'});
        fails().withMessageContaining("class names are not UTF-8").withMessageContaining(WebDataset.CLASSES);
    }

    @Test
    void nameOfBothSets_isRefused() {
        shard("trainval-0.tar", "a", 0);
        shard("val-0.tar", "a", 0);
        fails().withMessageContaining("shard name matches both sets")
                .withMessageContaining("trainval-0.tar")
                .withMessageContaining("rename it");
    }

    @Test
    void sameSampleInTwoShards_namesBoth() throws IOException {
        Path shard = shard("train-0.tar", "a", 0, 1);
        shard("train-1.tar", "b", 0, 1);
        shard("val-0.tar", "a", 0, 1);
        assertThat(WebDataset.read(folder).get(0).size()).isEqualTo(4);
        Files.copy(shard, folder.resolve("train-2.tar"));
        fails().withMessageContaining("two shards of a set hold the same sample")
                .withMessageContaining("train-0.tar and ")
                .withMessageContaining("train-2.tar, key = a-0");
    }

    @Test
    void hugeMember_isABadImageAndTheOthersAreRead() throws IOException {
        long size = 3L << 30;
        Path file = folder.resolve("train-0.tar");
        try (RandomAccessFile tar = new RandomAccessFile(file.toFile(), "rw")) {
            TarArchiveEntry entry = new TarArchiveEntry("huge.jpg");
            entry.setSize(size);
            byte[] header = new byte[512];
            entry.writeEntryHeader(header);
            tar.write(header);
            tar.seek(512 + size);
            tar.write(new TarFiles()
                    .add("huge.cls", "0")
                    .add("b.jpg", (byte) 7)
                    .add("b.cls", "0")
                    .bytes());
        }
        shard("val-0.tar", "a", 0);
        Dataset training = WebDataset.read(folder).get(0);
        assertThat(training.size()).isEqualTo(2);
        assertThat(((dev.lockstep.image.ImageData.Encoded) training.image(1)).bytes())
                .containsExactly(7);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> training.image(0))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining(file + ":huge.jpg, bytes = 3221225472, limit = 268435456")
                .withMessageContaining("skip bad images");
    }

    @Test
    void shardThatBecameShorter_isABadImage() throws IOException {
        Path shard = shard("train-0.tar", "a", 0, 0);
        shard("val-0.tar", "a", 0);
        Dataset training = WebDataset.read(folder).get(0);
        try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
            file.setLength(512);
        }
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> training.image(1))
                .withMessageContaining(shard + ":a-1.jpg")
                .withMessageContaining("skip bad images");
    }

    private ThrowableAssertAlternative<LockstepException> fails() {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> WebDataset.read(folder))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }

    @Test
    void shardOfZeros_isNamed() throws IOException {
        shard("train-0.tar", "a", 0);
        Path zeros = PhotographFolders.file(folder.resolve("train-1.tar"), new byte[10_240]);
        shard("val-0.tar", "a", 0);
        fails().withMessageContaining("shard holds no samples").withMessageContaining(zeros.toString());
    }

    @Test
    void shardsThatDifferFromTheirList_areNamed() throws IOException {
        Path first = shard("train-0.tar", "a", 0);
        shard("train-1.tar", "b", 0);
        shard("val-0.tar", "a", 0);
        ShardList list = new ShardList();
        list.add("train-0.tar", Files.size(first), 1);
        list.add("train-1.tar", Files.size(first), 1);
        list.add("val-0.tar", Files.size(first), 1);
        Path file = Files.writeString(folder.resolve(ShardList.FILE), list.text());
        assertThat(WebDataset.read(folder).get(0).size()).isEqualTo(2);

        Path more = shard("train-2.tar", "c", 0);
        fails().withMessageContaining("shard is not listed").withMessageContaining("train-2.tar");
        Files.delete(more);
        shard("train-1.tar", "b", 0, 0);
        fails().withMessageContaining("shard differs from the list of shards").withMessageContaining("samples = 2");
        Files.delete(folder.resolve("train-1.tar"));
        fails().withMessageContaining("shard is missing").withMessageContaining("train-1.tar");
        Files.writeString(file, "train-0.tar many few\n");
        fails().withMessageContaining("list of shards is damaged").withMessageContaining("line = train-0.tar many few");
    }

    @Test
    void manyBytesOfClassNames_nameTheLimit() throws IOException {
        shard("train-0.tar", "a", 0);
        shard("val-0.tar", "a", 0);
        Files.write(folder.resolve(WebDataset.CLASSES), new byte[20_000_000]);
        fails().withMessageContaining(WebDataset.CLASSES).withMessageContaining("larger than 4194304 bytes, the limit");
    }

    @Test
    void pipeInsteadOfAShard_isRefusedWithoutWaiting() throws IOException, InterruptedException {
        shard("val-0.tar", "a", 0);
        PhotographFolders.pipe(folder.resolve("train-0.tar"));
        org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
                java.time.Duration.ofMinutes(1),
                () -> fails().withMessageContaining("train-0.tar").withMessageContaining("not a regular file"));
    }
}
