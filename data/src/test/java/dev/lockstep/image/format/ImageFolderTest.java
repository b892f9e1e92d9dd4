package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageFolderTest {
    @TempDir
    Path folder;

    @BeforeEach
    void write() {
        PhotographFolders.write(folder, List.of("cat", "Zebra", "ant"), 3, 1);
    }

    @Test
    void read_sortsClassesAndFilesByCodePoint() {
        PhotographFolders.file(folder.resolve("train/ant/sub/5.png"), new byte[] {1});
        PhotographFolders.file(folder.resolve("train/ant/10.jpeg"), new byte[] {2});
        Dataset training = ImageFolder.read(folder).get(0);

        assertThat(training.classNames()).containsExactly("Zebra", "ant", "cat");
        assertThat(names(training))
                .containsExactly(
                        "Zebra/0.JPEG",
                        "Zebra/1.JPEG",
                        "Zebra/2.JPEG",
                        "ant/0.JPEG",
                        "ant/1.JPEG",
                        "ant/10.jpeg",
                        "ant/2.JPEG",
                        "ant/sub/5.png",
                        "cat/0.JPEG",
                        "cat/1.JPEG",
                        "cat/2.JPEG");
        assertThat(IntStream.range(0, training.size()).map(training::label))
                .containsExactly(0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2);
        assertThat(((ImageData.Encoded) training.image(5)).bytes()).containsExactly(2);
    }

    @Test
    void read_leavesOutHiddenFilesAndOthers() {
        PhotographFolders.file(folder.resolve("train/ant/._0.JPEG"), new byte[] {1});
        PhotographFolders.file(folder.resolve("train/ant/notes.txt"), new byte[] {1});
        PhotographFolders.file(folder.resolve("train/.cache/x.jpg"), new byte[] {1});
        PhotographFolders.file(folder.resolve("train/cat/photo.heic"), new byte[] {1});
        Dataset training = ImageFolder.read(folder).get(0);
        assertThat(training.size()).isEqualTo(9);
        assertThat(training.skippedFiles().names()).containsExactly("ant/notes.txt", "cat/photo.heic");
        assertThat(training.skippedFiles().summary(1))
                .isEqualTo("2 files that are no supported images: ant/notes.txt, …");
        assertThat(ImageFolder.read(folder).get(1).skippedFiles().count()).isZero();
    }

    @Test
    void read_hasImagesOfEveryFormat() {
        for (String name : List.of("a.webp", "b.BMP", "c.gif", "d.tif", "e.tiff")) {
            PhotographFolders.file(folder.resolve("train/ant/" + name), new byte[] {1});
        }
        assertThat(ImageFolder.read(folder).get(0).size()).isEqualTo(14);
    }

    @Test
    void fingerprint_followsNamesSizesAndLabels() throws IOException {
        String original = fingerprint();
        assertThat(ImageFolder.read(folder).get(1).fingerprint()).isNotEqualTo(original);

        Path file = folder.resolve("train/cat/1.JPEG");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, new byte[] {1});
        assertThat(fingerprint()).isNotEqualTo(original);
        Files.write(file, bytes);
        assertThat(fingerprint()).isEqualTo(original);
        Files.move(file, folder.resolve("train/cat/3.JPEG"));
        assertThat(fingerprint()).isNotEqualTo(original);
        Files.move(folder.resolve("train/cat/3.JPEG"), folder.resolve("train/ant/3.JPEG"));
        assertThat(fingerprint()).isNotEqualTo(original);
    }

    @Test
    void read_classInOneSetOnly_namesIt() throws IOException {
        Files.createDirectories(folder.resolve("train/dog"));
        fails().withMessageContaining("class is in train but not in val").withMessageContaining("class = dog");
        Files.createDirectories(folder.resolve("val/dog"));
        Files.createDirectories(folder.resolve("val/eel"));
        fails().withMessageContaining("class is in val but not in train").withMessageContaining("class = eel");
    }

    @Test
    void read_emptyClass_namesItsFolder() throws IOException {
        Files.createDirectories(folder.resolve("train/dog"));
        Files.createDirectories(folder.resolve("val/dog"));
        fails().withMessageContaining("class folder has no images")
                .withMessageContaining(folder.resolve("train/dog").toString());
    }

    @Test
    void read_withoutValOrClasses_saysWhatIsMissing() throws IOException {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ImageFolder.read(folder.resolve("train")))
                .withMessageContaining("image folder is missing");
        Path bare = folder.resolve("bare");
        Files.createDirectories(bare.resolve("train"));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ImageFolder.read(bare))
                .withMessageContaining("no class folders");
    }

    @Test
    void image_deletedFile_isNamed() throws IOException {
        Dataset training = ImageFolder.read(folder).get(0);
        Files.delete(folder.resolve("train/Zebra/0.JPEG"));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> training.image(0))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("cannot read the image")
                .withMessageContaining("Zebra/0.JPEG");
    }

    @Test
    void image_tooLarge_isRefusedBeforeItIsRead() throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("train/Zebra/0.JPEG").toFile(), "rw")) {
            file.setLength((256L << 20) + 1);
        }
        Dataset training = ImageFolder.read(folder).get(0);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> training.image(0))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("image file is too large")
                .withMessageContaining("Zebra/0.JPEG, bytes = 268435457, limit = 268435456")
                .withMessageContaining("skip bad images");
    }

    @Test
    void image_danglingLink_isAnErrorWhenUsed() throws IOException {
        Path link = folder.resolve("train/ant/9.JPEG");
        Files.createSymbolicLink(link, folder.resolve("nowhere.JPEG"));
        Dataset training = ImageFolder.read(folder).get(0);
        assertThat(training.size()).isEqualTo(10);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> training.image(6))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("cannot read the image")
                .withMessageContaining(link.toString());
        Files.delete(link);
        Files.createSymbolicLink(link, folder.resolve("train/cat/0.JPEG"));
        assertThat(((ImageData.Encoded) ImageFolder.read(folder).get(0).image(6)).bytes())
                .isEqualTo(Files.readAllBytes(folder.resolve("train/cat/0.JPEG")));
    }

    private ThrowableAssertAlternative<LockstepException> fails() {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ImageFolder.read(folder))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }

    private String fingerprint() {
        return ImageFolder.read(folder).get(0).fingerprint();
    }

    private List<String> names(Dataset dataset) {
        return IntStream.range(0, dataset.size())
                .mapToObj(i -> folder.resolve("train")
                        .relativize(Path.of(((ImageData.Encoded) dataset.image(i)).name()))
                        .toString())
                .toList();
    }

    @Test
    void image_changedFile_namesBothSizes() throws IOException {
        Dataset training = ImageFolder.read(folder).get(0);
        Files.write(folder.resolve("train/Zebra/0.JPEG"), new byte[5]);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> training.image(0))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("image file has changed since the run started")
                .withMessageContaining("Zebra/0.JPEG, bytes = 5, at the start = ");
    }

    @Test
    void pipes_areNotImages_andReadingOneDoesNotWait() throws IOException, InterruptedException {
        PhotographFolders.pipe(folder.resolve("train/Zebra/pipe.jpg"));
        Dataset training = ImageFolder.read(folder).get(0);
        assertThat(training.size()).isEqualTo(9);
        Files.delete(folder.resolve("train/Zebra/0.JPEG"));
        PhotographFolders.pipe(folder.resolve("train/Zebra/0.JPEG"));
        org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
                java.time.Duration.ofMinutes(1),
                () -> assertThatExceptionOfType(LockstepException.class)
                        .isThrownBy(() -> training.image(0))
                        .withMessageContaining("not a regular file"));
    }

    @Test
    void read_linkToAFolderAbove_isAnError() throws IOException {
        Files.createSymbolicLink(folder.resolve("train/ant/loop"), folder.resolve("train"));
        fails().withMessageContaining("loop");
    }

    /** Deeper folders would otherwise be ignored. */
    @Test
    void read_deepFolders_nameTheLimit() {
        PhotographFolders.file(folder.resolve("train/ant/" + "a/".repeat(15) + "x.jpg"), new byte[1]);
        assertThat(ImageFolder.read(folder).get(0).size()).isEqualTo(10);
        PhotographFolders.file(folder.resolve("train/ant/" + "a/".repeat(16) + "x.jpg"), new byte[1]);
        fails().withMessageContaining("folders are nested too deeply").withMessageContaining("limit = 16");
    }
}
