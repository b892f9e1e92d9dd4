package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.CapturedRun;
import dev.lockstep.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a folder of class folders to a trained network, without copying a file. */
@Tag("slow")
final class InitCommandTest {
    @TempDir
    private Path folder;

    private Path photos() throws IOException {
        Path photos = folder.resolve("my photos");
        for (int i = 0; i < 60; i++) {
            String name = i % 2 == 0 ? "ant" : "bee";
            Pictures.write(photos.resolve(name + "/" + i + ".jpg"), 40, 36, i);
        }
        Files.write(photos.resolve("ant/notes.txt"), new byte[] {1});
        Files.write(photos.resolve("ant/broken.png"), new byte[] {1});
        return photos;
    }

    @Test
    void init_writesARecipeThatPlansAndTrains() throws IOException {
        Path photos = photos();
        Path file = folder.resolve("mine.yaml");
        CapturedRun init = CapturedRun.of("init", photos.toString(), "--out", file.toString());
        assertThat(init.exitCode()).as(init.err()).isZero();
        assertThat(init.out())
                .contains("61 images in 2 classes: ant 31, bee 30\n")
                .contains("short side 36 to 36 pixels, median 36; color; 60 JPEG\n")
                .contains("skipped 1 file that is no supported image: ant/notes.txt\n")
                .contains("1 image cannot be used; remove or replace them, or train with --skip-bad-images:\n")
                .contains("broken.png")
                .contains("wrote " + file + ": resnet8 at 32 × 32, minibatch 16 = 1 worker × 16 images, 60 epochs\n")
                .contains("  lockstep plan " + file + " --data '" + photos + "'\n");
        Recipe recipe = Recipe.read(file);
        assertThat(recipe.name()).isEqualTo("my-photos");
        assertThat(recipe.data().validationSplit()).isEqualTo(0.2);

        CapturedRun plan = CapturedRun.of("plan", file.toString(), "--data", photos.toString());
        assertThat(plan.exitCode()).as(plan.err()).isZero();
        assertThat(plan.out()).contains("no warnings");

        Files.delete(photos.resolve("ant/broken.png"));
        Path run = folder.resolve("run");
        CapturedRun train = CapturedRun.of(
                "train", file.toString(), "--data", photos.toString(), "--out", run.toString(), "--stop-after", "2");
        assertThat(train.exitCode()).as(train.err()).isZero();
        assertThat(train.err()).contains("skipped 1 file that is no supported image: ant/notes.txt\n");
        CapturedRun eval = CapturedRun.of("eval", run.toString(), "--data", photos.toString());
        assertThat(eval.exitCode()).as(eval.err()).isZero();
        try (var entries = Files.walk(photos)) {
            assertThat(entries.filter(Files::isRegularFile)).hasSize(61);
        }
    }

    @Test
    void init_keepsAnExistingRecipe() throws IOException {
        Path file = Files.writeString(folder.resolve("mine.yaml"), "mine");
        CapturedRun init = CapturedRun.of("init", photos().toString(), "--out", file.toString());
        assertThat(init.exitCode()).isEqualTo(2);
        assertThat(init.err())
                .startsWith("error: the recipe exists and is kept, file = ")
                .hasLineCount(1);
        assertThat(file).hasContent("mine");
    }

    @Test
    void init_refusesWhatCannotBe() throws IOException {
        String photos = photos().toString();
        String out = folder.resolve("mine.yaml").toString();
        assertThat(CapturedRun.of("init", photos, "--out", out, "--network", "resnet19")
                        .err())
                .startsWith("error: model.name = resnet19, no such network");
        assertThat(CapturedRun.of("init", photos, "--out", out, "--validation-split", "1")
                        .err())
                .startsWith("error: --validation-split = 1.0");
        assertThat(CapturedRun.of("init", photos, "--out", out, "--pretrained", "nowhere.pth")
                        .err())
                .startsWith("error: no such weights file");
        assertThat(CapturedRun.of("init", folder.resolve("nowhere").toString()).err())
                .startsWith("error: no such folder");
        assertThat(Path.of(out)).doesNotExist();
    }
}
