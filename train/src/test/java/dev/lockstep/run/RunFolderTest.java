package dev.lockstep.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.train.TestRuns;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunFolderTest {
    @TempDir
    private Path folder;

    /** Another JVM that tries to open a run folder. */
    public static void main(String[] args) throws IOException {
        try (RunFolder opened = RunFolder.open(Path.of(args[0]))) {
            System.out.println("opened");
        } catch (LockstepException e) {
            System.out.println(e.getMessage());
        }
    }

    private String openedElsewhere() throws Exception {
        Process other = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        String.join(
                                File.pathSeparator,
                                location(LockstepException.class),
                                location(RunFolder.class),
                                location(RunFolderTest.class)),
                        RunFolderTest.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(other.waitFor()).isZero();
        return said.strip();
    }

    private static String location(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
                .toString();
    }

    @Test
    void secondRun_isRefusedWhereverItIs() throws Exception {
        String refusal = "another run is writing to this folder";
        try (RunFolder held = RunFolder.open(folder)) {
            for (Path spelling : new Path[] {folder, folder.resolve("../" + folder.getFileName())}) {
                assertThatThrownBy(() -> RunFolder.open(spelling))
                        .isInstanceOfSatisfying(
                                LockstepException.class,
                                e -> assertThat(e.exitCode()).isEqualTo(2))
                        .hasMessageContaining(refusal);
            }
            // A refusal in this JVM must not have dropped the lock that others see.
            assertThat(openedElsewhere()).contains(refusal);
        }
        assertThat(openedElsewhere()).isEqualTo("opened");
        RunFolder.open(folder).close();
    }

    private void requireInTheWay(Path file) throws IOException {
        byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> RunFolder.requireOwn(folder, TestRuns.recipe()))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageContainingAll("training would overwrite", "file = " + file, "move it away");
        assertThat(file).hasBinaryContent(before);
        Files.delete(file);
        RunFolder.requireOwn(folder, TestRuns.recipe());
    }

    @ParameterizedTest
    @ValueSource(strings = {"metrics.jsonl", "result.json", "environment.json", "report.html", "recipe.yaml"})
    void whatNoRunWrote_isInTheWay(String name) throws IOException {
        requireInTheWay(Files.writeString(folder.resolve(name), "mine"));
    }

    /** A copy of another run's recipe, with other values: nobody but the user can have written it here. */
    @Test
    void recipeOfAnotherRun_isInTheWayWhereNoRunWas() throws IOException {
        String other = TestRuns.recipe("epochs", "9").toYaml();
        requireInTheWay(Files.writeString(folder.resolve("recipe.yaml"), other));
        RunFolder.open(folder).close();
        Files.writeString(folder.resolve("recipe.yaml"), other);
        RunFolder.requireOwn(folder, TestRuns.recipe());
        requireInTheWay(Files.writeString(folder.resolve("recipe.yaml"), "# mine\n" + other));
    }

    @Test
    void sameRecipe_isNotInTheWay() throws IOException {
        Files.writeString(folder.resolve("recipe.yaml"), TestRuns.recipe().toYaml());
        RunFolder.requireOwn(folder, TestRuns.recipe());
    }

    @Test
    void folder_isMade() throws IOException {
        Path deep = folder.resolve("a/b");
        try (RunFolder made = RunFolder.open(deep)) {
            made.write("recipe.yaml", "one");
            made.write("recipe.yaml", "two");
            assertThat(deep.resolve("recipe.yaml")).hasContent("two");
        }
        try (Stream<Path> files = Files.list(deep)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(".lock", "recipe.yaml");
        }
    }

    @Test
    void folderThatIsAFile_isNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (Path bad : new Path[] {file, file.resolve("below")}) {
            assertThatThrownBy(() -> RunFolder.open(bad))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(2))
                    .hasMessageContainingAll("run folder cannot be written", "out = " + bad);
        }
    }
}
