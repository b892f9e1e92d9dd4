package dev.lockstep.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableFilesTest {
    @TempDir
    private Path temporary;

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void writeTwice(Path folder, CrashTest.Acknowledged acknowledged) throws IOException {
        Path deep = folder.resolve("a/b");
        DurableFiles.createFolders(deep);
        DurableFiles.write(deep.resolve("file"), "1 first");
        acknowledged.set(1);
        DurableFiles.write(deep.resolve("file"), "2 second");
        acknowledged.set(2);
    }

    private static long found(Path folder) throws IOException {
        Path file = folder.resolve("a/b/file");
        if (!Files.exists(file)) {
            return 0;
        }
        assertThat(file).content().isIn("1 first", "2 second");
        return Files.readString(file).charAt(0) - '0';
    }

    @Test
    void write_powerFailsAtAnyChange_leavesOldOrNewFileAndKeepsAcknowledgedChanges() throws IOException {
        int changes = new CrashTest(temporary)
                .losePower(
                        DurableFilesTest::writeTwice,
                        (folder, acknowledged) -> assertThat(found(folder)).isGreaterThanOrEqualTo(acknowledged));
        assertThat(changes).isGreaterThan(10);
    }

    @Test
    void write_changeIsRejected_leavesOnlyTheOldFile() throws IOException {
        new CrashTest(temporary).refuse(DurableFilesTest::writeTwice, (folder, acknowledged) -> {
            assertThat(found(folder)).isGreaterThanOrEqualTo(acknowledged);
            if (Files.exists(folder.resolve("a/b"))) {
                assertThat(names(folder.resolve("a/b"))).isSubsetOf("file");
            }
        });
    }

    @Test
    void deleteAndRename_powerFailsAtAnyChange_areNotUndone() throws IOException {
        new CrashTest(temporary)
                .losePower(
                        (folder, acknowledged) -> {
                            DurableFiles.write(folder.resolve("one"), "1");
                            DurableFiles.write(folder.resolve("two"), "2");
                            acknowledged.set(1);
                            DurableFiles.delete(folder.resolve("one"));
                            acknowledged.set(2);
                            DurableFiles.rename(folder.resolve("two"), "three");
                            acknowledged.set(3);
                        },
                        (folder, acknowledged) -> {
                            if (acknowledged == 1) {
                                assertThat(names(folder)).contains("two");
                            } else if (acknowledged > 1) {
                                assertThat(names(folder)).hasSize(1).first().isIn("two", "three");
                            }
                            if (acknowledged == 3) {
                                assertThat(names(folder)).containsExactly("three");
                            }
                        });
    }

    @Test
    void write_doesNotFollowLinks() throws IOException {
        Path other = Files.writeString(temporary.resolve("other"), "another's");
        Path file = Files.createSymbolicLink(temporary.resolve("file"), other);
        for (String before : List.of("file.tmp", "file.new")) {
            Files.createSymbolicLink(temporary.resolve(before), other);
        }
        DurableFiles.write(file, "ours");
        assertThat(other).hasContent("another's");
        assertThat(file).hasContent("ours").isRegularFile();
    }

    @Test
    void temporaryNames_areUnpredictable() throws IOException {
        List<String> created = new ArrayList<>();
        FaultyFileSystem system = new FaultyFileSystem(temporary, (change, file) -> {
            if (change.equals("create")) {
                created.add(file.getFileName().toString());
            }
        });
        for (int i = 0; i < 3; i++) {
            DurableFiles.write(system.folder().resolve("page.html"), "x");
        }
        assertThat(created).doesNotHaveDuplicates().hasSize(3);
        assertThat(created).allMatch(name -> name.matches("page\\.html\\.[0-9a-f]{16}\\.tmp"));
    }

    @Test
    void write_ontoAFolder_failsWithoutChangingIt() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        assertThatThrownBy(() -> DurableFiles.write(folder, "x")).isInstanceOf(IOException.class);
        assertThat(folder).isEmptyDirectory();
        assertThat(names(temporary)).containsExactly("folder");
    }

    @Test
    void write_contentsThrow_leavesNothing() throws IOException {
        assertThatThrownBy(() -> DurableFiles.write(temporary.resolve("x"), out -> {
                    throw new OutOfMemoryError("in the middle");
                }))
                .isInstanceOf(OutOfMemoryError.class);
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void write_longName_works() throws IOException {
        Path file = temporary.resolve("\uD83D\uDE00".repeat(60) + "x.yaml");
        DurableFiles.write(file, "x");
        assertThat(file).hasContent("x");
        DurableFiles.write(temporary.resolve("x" + "\uD83D\uDE00".repeat(60)), "x");
    }

    @Test
    void removeUnfinished_leavesOtherFiles() throws IOException {
        for (String name : List.of("step-1.x.0123456789abcdef.tmp", "step-1.x.tmp", "step-1.x", "mine.tmp")) {
            Files.writeString(temporary.resolve(name), "x");
        }
        DurableFiles.removeUnfinished(temporary, "step-*.x");
        assertThat(names(temporary)).containsExactly("mine.tmp", "step-1.x", "step-1.x.tmp");
        DurableFiles.removeUnfinished(temporary.resolve("none"), "*");
    }
}
