package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One set of class folders, split into training and validation set by the files' contents. */
final class ContentSplitTest {
    @TempDir
    private Path folder;

    /** Whether each file validates, by its path below the folder. */
    private static Map<String, Boolean> sides(Path folder, double share) {
        List<Dataset> sets = ImageFolder.split(folder, share);
        Map<String, Boolean> sides = new HashMap<>();
        for (int set = 0; set < 2; set++) {
            ImageFolder images = (ImageFolder) sets.get(set);
            for (int i = 0; i < images.size(); i++) {
                String label = images.classNames().get(images.label(i));
                assertThat(images.key(i)).startsWith(label + "/");
                assertThat(sides.put(images.key(i), set == 1)).isNull();
            }
        }
        return sides;
    }

    private void file(String name, String contents) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, contents.getBytes(StandardCharsets.UTF_8));
    }

    private void classes(int images, String... names) throws IOException {
        for (String name : names) {
            for (int i = 0; i < images; i++) {
                file(name + "/" + i + ".jpg", name + " " + i);
            }
        }
    }

    @Test
    void split_takesAboutTheShareAndEveryImageOnce() throws IOException {
        classes(500, "ant", "bee");
        Map<String, Boolean> sides = sides(folder, 0.2);
        assertThat(sides).hasSize(1000);
        assertThat(sides.values().stream().filter(side -> side).count()).isBetween(160L, 240L);
        assertThat(sides.values().stream().filter(side -> side).count())
                .isLessThan(sides(folder, 0.4).values().stream()
                        .filter(side -> side)
                        .count());
    }

    /** Neither what else is there, nor where it lies, nor its name. */
    @Test
    void imageStaysInItsSet_whateverComesGoesAndMoves(@TempDir Path moved) throws IOException {
        classes(100, "ant", "bee");
        Map<String, Boolean> before = sides(folder, 0.2);
        classes(300, "ant", "cat");
        assertThat(sides(folder, 0.2)).containsAllEntriesOf(before);
        Files.move(folder.resolve("ant/7.jpg"), folder.resolve("ant/renamed.jpg"));
        Files.delete(folder.resolve("ant/8.jpg"));
        assertThat(sides(folder, 0.2)).containsEntry("ant/renamed", before.get("ant/7"));
        Files.move(folder.resolve("ant"), moved.resolve("ant"));
        Files.move(folder.resolve("bee"), moved.resolve("bee"));
        before.remove("ant/7");
        before.remove("ant/8");
        assertThat(sides(moved, 0.2)).containsAllEntriesOf(before);
    }

    @Test
    void copies_areInTheSameSet() throws IOException {
        for (int i = 0; i < 60; i++) {
            file("ant/" + i + ".jpg", "contents " + i);
            file("ant/copies/" + i + ".png", "contents " + i);
            file("bee/" + i + ".jpg", "bee " + i);
        }
        Map<String, Boolean> sides = sides(folder, 0.3);
        for (int i = 0; i < 60; i++) {
            assertThat(sides.get("ant/copies/" + i)).isEqualTo(sides.get("ant/" + i));
        }
        assertThat(sides.get("ant/0") || sides.get("ant/1")).isIn(true, false);
        assertThat(new TreeSet<>(sides.values())).containsExactly(false, true);
    }

    @Test
    void smallClass_hasImagesInBothSets() throws IOException {
        String[] names = {"a", "b", "c", "d", "e", "f", "g", "h"};
        classes(2, names);
        for (double share : new double[] {0.01, 0.2, 0.9}) {
            for (Dataset set : ImageFolder.split(folder, share)) {
                Set<Integer> labels = new TreeSet<>();
                for (int i = 0; i < set.size(); i++) {
                    labels.add(set.label(i));
                }
                assertThat(labels).hasSize(names.length);
            }
        }
    }

    @Test
    void classOfOnePicture_isRefusedByName() throws IOException {
        classes(3, "ant");
        file("bee/1.jpg", "the same");
        file("bee/2.jpg", "the same");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ImageFolder.split(folder, 0.2))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("two different images")
                .withMessageContaining("class of bee/1.jpg");
    }

    @Test
    void folderWithAValidationSet_isNotSplit() throws IOException {
        classes(3, "train/ant", "train/bee");
        assertThat(sides(folder, 0.5)).hasSize(6).containsKey("ant/0");
        classes(3, "val/ant", "val/bee");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ImageFolder.split(folder, 0.2))
                .withMessageContaining("has a validation set of its own")
                .withMessageContaining("data.validation-split = 0.2");
    }

    /** Without a home, or with one that cannot be written, hashes are computed anew. */
    @Test
    void withoutACache_theSplitIsTheSame(@TempDir Path other) throws IOException {
        classes(50, "ant");
        List<List<String>> names = List.of(java.util.stream.IntStream.range(0, 50)
                .mapToObj(i -> "ant/" + i + ".jpg")
                .toList());
        Path blocked = Files.writeString(other.resolve("file"), "no folder");
        Path good = other.resolve("good");
        ContentSplit remembered = ContentSplit.of(folder, names, 0.5, Optional.of(good));
        assertThat(good).isDirectoryContaining("glob:**.txt");
        for (Optional<Path> cache : List.of(Optional.<Path>empty(), Optional.of(blocked), Optional.of(good))) {
            ContentSplit split = ContentSplit.of(folder, names, 0.5, cache);
            assertThat(names.get(0)).allMatch(name -> split.validates(name) == remembered.validates(name));
        }
    }

    /** A file that changes while its size stays the same has another time. */
    @Test
    void rememberedHash_isNotThatOfAnotherContent() throws IOException {
        classes(40, "ant", "bee");
        sides(folder, 0.5);
        for (int i = 0; i < 40; i++) {
            Path file = folder.resolve("ant/" + i + ".jpg");
            Files.write(file, ("ANT " + i).getBytes(StandardCharsets.UTF_8));
            Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(1000));
        }
        Map<String, Boolean> changed = sides(folder, 0.5);
        Path fresh = Files.createDirectory(folder.resolve("fresh"));
        Files.move(folder.resolve("ant"), fresh.resolve("ant"));
        Files.move(folder.resolve("bee"), fresh.resolve("bee"));
        assertThat(sides(fresh, 0.5)).isEqualTo(changed);
    }
}
