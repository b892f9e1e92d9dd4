package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.CapturedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No command overwrites a user's file. */
@Tag("slow")
class OverwriteTest {
    private static final String RECIPE = """
            # My own notes.
            name: small
            epochs: 1
            workers: 2
            images-per-worker: 8
            data: {dataset: "synthetic:images=32,validation=9,shape=3x12x12,classes=3"}
            model: {name: resnet8, width: 4}
            """;

    @TempDir
    private Path folder;

    private Path recipe;

    @BeforeEach
    void writeRecipe() throws IOException {
        recipe = Files.writeString(Files.createDirectory(folder.resolve("exp1")).resolve("recipe.yaml"), RECIPE);
    }

    private static CapturedRun run(Object... arguments) {
        return CapturedRun.of(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
    }

    private static void requireRefused(CapturedRun run, Object named) {
        assertThat(run.err()).startsWith("error: ").contains(named.toString()).hasLineCount(1);
        assertThat(run.exitCode()).isEqualTo(2);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "2"})
    void train_intoTheFolderOfItsRecipe_leavesTheRecipe(String processes) throws IOException {
        requireRefused(run("train", recipe, "--out", recipe.getParent(), "--procs", processes), recipe);
        assertThat(recipe).hasContent(RECIPE);
        assertThat(names(recipe.getParent())).containsExactly("recipe.yaml");
    }

    @Test
    void train_fromARunsOwnRecipe_resumesWithoutChangingIt() throws IOException {
        Path out = folder.resolve("run");
        assertThat(run("train", recipe, "--out", out, "--stop-after", "1").exitCode())
                .isZero();
        Path resolved = out.resolve("recipe.yaml");
        String before = Files.readString(resolved);
        requireRefused(run("train", resolved, "--out", out, "--set", "epochs=2"), "its own recipe");
        assertThat(resolved).hasContent(before);
        assertThat(run("train", resolved, "--out", out).exitCode()).isZero();
        assertThat(run("train", recipe, "--out", out, "--set", "epochs=2").exitCode())
                .isZero();
        assertThat(Files.readString(resolved)).contains("epochs: 2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train R --out",
                "train R --data",
                "train R --weights",
                "export R --out",
                "report R --out",
                "study R --out",
                "data pack R --out",
                "data inspect R --sheet",
                "eval"
            })
    void emptyPath_isRefused(String command) throws IOException {
        List<Object> arguments =
                new ArrayList<>(List.of(command.replace("R", recipe.toString()).split(" ")));
        arguments.add("");
        CapturedRun run = run(arguments.toArray());
        requireRefused(run, "the path is empty, give a file or a folder");
        assertThat(Path.of("recipe.yaml")).doesNotExist();
    }

    @Test
    void report_overwritesOnlyItsOwnPages() throws IOException {
        Path out = folder.resolve("run");
        assertThat(run("train", recipe, "--out", out).exitCode()).isZero();
        Path plots = folder.resolve("plots");
        for (int time = 0; time < 2; time++) {
            CapturedRun written = run("report", out, "--out", folder.resolve("page.html"), "--plots", plots);
            assertThat(written.exitCode()).as(written.err()).isZero();
        }
        assertThat(names(plots)).contains("runs.csv", "loss.svg", "loss.png", "loss.csv");
        Path directory = Files.createDirectory(folder.resolve("directory.html"));
        Path mine = Files.writeString(folder.resolve("mine.html"), "<!doctype html>\n<title>mine</title>");
        for (Path other : List.of(recipe, directory, mine)) {
            requireRefused(run("report", out, "--out", other), other);
        }
        assertThat(recipe).hasContent(RECIPE);
        assertThat(directory).isEmptyDirectory();
        assertThat(mine).content().endsWith("<title>mine</title>");
        requireRefused(run("report", out, "--out", folder.resolve("new.html"), "--plots", recipe.getParent()), "exp1");
        assertThat(names(recipe.getParent())).containsExactly("recipe.yaml");
    }

    @Test
    void export_overwritesOnlyItsOwnWeights() throws IOException {
        Path out = folder.resolve("run");
        assertThat(run("train", recipe, "--out", out).exitCode()).isZero();
        for (String name : List.of("w.pt", "w.pt", "w.safetensors", "w.safetensors")) {
            CapturedRun written = run("export", out, "--out", folder.resolve(name));
            assertThat(written.exitCode()).as(written.err()).isZero();
        }
        Path checkpoint = out.resolve("checkpoints/step-00000002.safetensors");
        byte[] before = Files.readAllBytes(checkpoint);
        requireRefused(run("export", out, "--out", checkpoint), checkpoint);
        assertThat(checkpoint).hasBinaryContent(before);
        Path note = Files.writeString(folder.resolve("notes.pt"), "mine");
        requireRefused(run("export", out, "--out", note), note);
        assertThat(note).hasContent("mine");
    }

    @Test
    void sheet_overwritesOnlyItsOwnSheets() throws IOException {
        Path sheet = folder.resolve("sheet.png");
        for (int time = 0; time < 2; time++) {
            CapturedRun drawn = run("data", "inspect", recipe, "--sheet", sheet, "--rows", "2", "--epochs", "1");
            assertThat(drawn.exitCode()).as(drawn.err()).isZero();
        }
        assertThat(javax.imageio.ImageIO.read(sheet.toFile()).getWidth()).isPositive();
        Path photograph = folder.resolve("photograph.png");
        javax.imageio.ImageIO.write(
                new java.awt.image.BufferedImage(9, 9, java.awt.image.BufferedImage.TYPE_INT_RGB),
                "png",
                photograph.toFile());
        byte[] before = Files.readAllBytes(photograph);
        requireRefused(run("data", "inspect", recipe, "--sheet", photograph), photograph);
        requireRefused(run("data", "inspect", recipe, "--sheet", recipe), recipe);
        assertThat(photograph).hasBinaryContent(before);
        assertThat(recipe).hasContent(RECIPE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"summary.json", "table.csv", "results.md", "report.html", "environment.json"})
    void study_intoAUsersFolder_isRefused(String name) throws IOException {
        Path study = TinyStudy.write(folder);
        Path out = Files.createDirectory(folder.resolve("mine"));
        Path mine = Files.writeString(out.resolve(name), "mine");
        requireRefused(run("study", study, "--out", out), mine);
        assertThat(mine).hasContent("mine");
        assertThat(names(out)).containsExactly(name);
    }

    /** A run succeeds even if its report cannot be written. */
    @Test
    void pageThatCannotBeWritten_leavesTheExitCodeOfTheRun() throws IOException {
        Path out = folder.resolve("run");
        assertThat(run("train", recipe, "--out", out, "--stop-after", "1").exitCode())
                .isZero();
        Files.delete(out.resolve("report.html"));
        Files.createDirectories(out.resolve("report.html/not-empty"));
        CapturedRun done = run("train", recipe, "--out", out);
        assertThat(done.exitCode()).isZero();
        assertThat(out.resolve("report.html/not-empty")).isDirectory();
        assertThat(names(out)).noneMatch(name -> name.endsWith(".tmp"));
    }
}
