package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AnnouncementTest {
    private static String summary(RunResult.Status status, int epochs, double imagesPerSecond) {
        RunResult result = new RunResult(
                status, "ab12", "", 70, epochs, 0.25, Double.NaN, 1, 0.5, 1, 0.2, imagesPerSecond, 3, 8, 32, 2, 1, 0);
        return Announcement.summary(
                Recipe.read(Path.of("..", "recipes", "fashion-mnist.yaml")),
                result,
                Double.NaN,
                List.of(),
                Path.of("runs", "one"),
                List.of());
    }

    /** A run that was finished and is started again may only evaluate, or do nothing. */
    @Test
    void speed_thatIsUnknown_isLeftOut() {
        assertThat(summary(RunResult.Status.COMPLETED, 4, 1234))
                .contains("\n1,234 images/s on 2 processes × 1 lane, 3 s");
        assertThat(summary(RunResult.Status.COMPLETED, 4, Double.NaN))
                .contains("\n2 processes × 1 lane, 3 s")
                .doesNotContain("NaN", "images/s");
    }

    @Test
    void medianOfTheLastFive_isOfMoreThanFiveEpochs() {
        assertThat(summary(RunResult.Status.COMPLETED, 5, 1)).contains("\nvalidation error 25.00 %\n");
        assertThat(summary(RunResult.Status.COMPLETED, 6, 1))
                .contains("\nvalidation error 25.00 % (median of the last 5 epochs 50.00 %)\n");
    }

    @Test
    void finishedRun_namesItsReportAndTheNextCommand() {
        assertThat(summary(RunResult.Status.COMPLETED, 4, 1))
                .endsWith("\nrun folder runs/one\nreport runs/one/report.html\nnext: lockstep eval runs/one");
    }

    @Test
    void interruptedRun_saysHowToResume() {
        assertThat(summary(RunResult.Status.INTERRUPTED, 4, 1))
                .contains("saved runs/one/checkpoints/step-00000070.safetensors", "to resume: lockstep train ");
    }
}
