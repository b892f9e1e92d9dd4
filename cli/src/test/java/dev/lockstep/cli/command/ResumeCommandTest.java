package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.CapturedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code train} says when it goes on from a checkpoint. */
final class ResumeCommandTest {
    @TempDir
    private Path folder;

    private CapturedRun train(String... more) throws IOException {
        Path recipe = Files.writeString(folder.resolve("tiny.yaml"), """
                        name: tiny
                        epochs: 2
                        workers: 2
                        images-per-worker: 4
                        data: {dataset: "synthetic:images=48,validation=8,shape=1x8x8,classes=3"}
                        model: {name: resnet8, width: 4}
                        """);
        String[] arguments = {
            "train", recipe.toString(), "--out", folder.resolve("run").toString()
        };
        return CapturedRun.of(
                Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray(String[]::new));
    }

    @Test
    void train_resumedAndRepeated_saysWhereItGoesOn() throws IOException {
        CapturedRun first = train("--stop-after", "7");
        assertThat(first.exitCode()).as(first.err()).isZero();
        assertThat(first.err()).doesNotContain("resuming");

        CapturedRun resumed = train();
        assertThat(resumed.exitCode()).isZero();
        assertThat(resumed.err()).contains("\nresuming at step 7 of 12\n").doesNotContain("nothing left");

        CapturedRun repeated = train();
        assertThat(repeated.exitCode()).isZero();
        assertThat(repeated.err())
                .contains("\nnothing left to train: all 12 steps are done\n")
                .doesNotContain("resuming");
        assertThat(repeated.out()).isEqualTo(resumed.out());
        assertThat(repeated.out()).contains("\nvalidation error ").doesNotContain("NaN", "median");
    }

    @Test
    void report_ofARunAndOtherThings_skipsTheOthersByName() throws IOException {
        assertThat(train("--stop-after", "3").exitCode()).isZero();
        Path other = Files.createDirectory(folder.resolve("other"));
        Path page = folder.resolve("page.html");
        CapturedRun report =
                CapturedRun.of("report", folder.resolve("run").toString(), other.toString(), "--out", page.toString());
        assertThat(report.exitCode()).as(report.err()).isZero();
        assertThat(report.err()).isEqualTo("skipped " + other + ": no run\n");
        assertThat(page).isNotEmptyFile();
        assertThat(CapturedRun.of("report", other.toString(), "--out", page.toString())
                        .exitCode())
                .isNotZero();
    }
}
