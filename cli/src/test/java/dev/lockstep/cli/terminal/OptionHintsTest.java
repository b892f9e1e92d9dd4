package dev.lockstep.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.cli.CapturedRun;
import dev.lockstep.cli.Main;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OptionHintsTest {
    private static final Recipe PHOTOGRAPHS = Recipe.read(Path.of("../recipes/imagenet-resnet50-8k.yaml"));

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    replace or remove it, or skip bad images | replace or remove it, or skip bad images (--skip-bad-images)
                    more epochs, resume from an earlier checkpoint, or start anew | more epochs, resume from an earlier checkpoint (--resume FILE), or start anew (--resume never)
                    give their weights file, or start from the seed's initial weights | give their weights file (--weights), or start from the seed's initial weights (--set model.weights=none)
                    use more loader threads, or make the images smaller | use more loader threads (--loader-threads), or make the images smaller
                    out = my output folder, choose another output folder | out = my output folder, choose another output folder (--out)
                    use at least one lane (--lanes) | use at least one lane (--lanes)
                    lower the learning rate | lower the learning rate
                    """)
    void addTo_message_namesTheOptionAfterItsPhrase(String message, String expected) {
        assertThat(OptionHints.addTo(message)).isEqualTo(expected);
    }

    @Test
    void report_foreignFileInTheRunFolder_namesTheOptionOfTheFolder() throws IOException {
        Files.writeString(folder.resolve("result.json"), "{}");
        assertThat(reported(() -> Training.requireOwn(folder, PHOTOGRAPHS)))
                .endsWith("choose another output folder (--out)\n");
    }

    @Test
    void report_noGoodCheckpoint_namesTheOptionThatStartsAnew() throws IOException {
        Files.writeString(folder.resolve("step-00000001.safetensors"), "damaged");
        CheckpointDirectory checkpoints = new CheckpointDirectory(folder, 1, notice -> {});
        assertThat(reported(checkpoints::newest)).endsWith("start anew (--resume never), or restore a copy\n");
    }

    @Test
    void report_datasetWithoutFiles_namesTheOptionOfTheData() {
        assertThat(reported(() -> Datasets.open(PHOTOGRAPHS.data(), Optional.empty())))
                .contains("specify the data folder (--data) that holds");
    }

    private static String reported(Runnable failing) {
        LockstepException failure = catchThrowableOfType(LockstepException.class, failing::run);
        return CapturedRun.of(() -> new Main().report(failure)).err();
    }
}
