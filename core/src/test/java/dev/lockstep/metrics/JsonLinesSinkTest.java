package dev.lockstep.metrics;

import static dev.lockstep.metrics.Samples.epoch;
import static dev.lockstep.metrics.Samples.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JsonLinesSinkTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = folder.resolve(MetricsFile.NAME);
    }

    @Test
    void lines_haveTheKeysOfTheContract() throws IOException {
        try (JsonLinesSink sink = JsonLinesSink.open(file, 0, notice -> {})) {
            sink.on(new Event.Step(new StepMetrics(1, 0, 0.1, 2.5, 0.9, 5500, 0.05, 0.002, 0.001, Double.NaN)));
            sink.on(new Event.Epoch(new EpochMetrics(0, 1, 2.5, 0.9, 0.11, Double.NaN, 0.35, 12)));
        }
        assertThat(Files.readString(file))
                .isEqualTo("{\"type\":\"step\",\"step\":1,\"epoch\":0,\"learning_rate\":0.1,\"loss\":2.5,"
                        + "\"train_top1_error\":0.9,\"images_per_second\":5500.0,\"step_seconds\":0.05,"
                        + "\"data_wait_seconds\":0.002,\"exposed_communication_seconds\":0.001,\"noise_scale\":null}\n"
                        + "{\"type\":\"epoch\",\"epoch\":0,\"step\":1,\"train_loss\":2.5,\"train_top1_error\":0.9,"
                        + "\"validation_top1_error\":0.11,\"validation_top5_error\":null,\"validation_loss\":0.35,"
                        + "\"seconds\":12.0}\n");
    }

    @Test
    void read_returnsWhatWasWritten() {
        try (JsonLinesSink sink = JsonLinesSink.open(file, 0, notice -> {})) {
            sink.on(new Event.Step(step(1, 0)));
            sink.on(new Event.Step(
                    new StepMetrics(2, 0, 0.1, Double.POSITIVE_INFINITY, 1.0 / 3, 1, 1, 1, 1, Double.NaN)));
            sink.on(new Event.ImageReplaced(
                    new BadImage(2, 0, "training", 17, "image file is empty, image = a \"b\".jpg")));
            sink.on(new Event.Epoch(epoch(0, 2, 0.2)));
        }
        MetricsFile metrics = MetricsFile.read(file);
        assertThat(metrics.steps().get(0)).isEqualTo(step(1, 0));
        assertThat(metrics.steps().get(1).loss()).isNaN();
        assertThat(metrics.steps().get(1).top1Error()).isEqualTo(1.0 / 3);
        assertThat(metrics.epochs()).containsExactly(epoch(0, 2, 0.2));
        assertThat(metrics.badImages())
                .containsExactly(new BadImage(2, 0, "training", 17, "image file is empty, image = a \"b\".jpg"));
    }

    @Test
    void open_onResume_keepsEachStepOnce() throws IOException {
        try (JsonLinesSink sink = JsonLinesSink.open(file, 0, notice -> {})) {
            for (int i = 1; i <= 7; i++) {
                sink.on(new Event.Step(step(i, i > 4 ? 1 : 0)));
                if (i == 4) {
                    sink.on(new Event.Epoch(epoch(0, 4, 0.2)));
                }
            }
        }
        Files.writeString(file, "{\"type\":\"step\",\"st", StandardOpenOption.APPEND);
        try (JsonLinesSink sink = JsonLinesSink.open(file, 5, notice -> {})) {
            sink.on(new Event.Step(step(6, 1)));
        }
        MetricsFile metrics = MetricsFile.read(file);
        assertThat(metrics.steps()).extracting(StepMetrics::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(metrics.epochs()).hasSize(1);
    }

    @Test
    void open_onResumeAtTheEndOfAnEpoch_keepsThatEpochOnce() {
        try (JsonLinesSink sink = JsonLinesSink.open(file, 0, notice -> {})) {
            sink.on(new Event.Step(step(1, 0)));
            sink.on(new Event.Epoch(epoch(0, 1, 0.2)));
        }
        try (JsonLinesSink sink = JsonLinesSink.open(file, 1, notice -> {})) {
            sink.on(new Event.Epoch(epoch(0, 1, 0.2)));
            sink.on(new Event.Step(step(2, 1)));
            sink.on(new Event.Epoch(epoch(1, 2, 0.1)));
        }
        assertThat(MetricsFile.read(file).epochs())
                .extracting(EpochMetrics::epoch)
                .containsExactly(0, 1);
    }

    @Test
    void evaluationDoneAgain_writesNothingTwice() throws IOException {
        BadImage image = new BadImage(1, 0, "validation", 3, "truncated");
        for (int time = 0; time < 2; time++) {
            try (JsonLinesSink sink = JsonLinesSink.open(file, time, notice -> {})) {
                if (time == 0) {
                    sink.on(new Event.Step(step(1, 0)));
                }
                sink.on(new Event.ImageReplaced(image));
                sink.on(new Event.Epoch(epoch(0, 1, 0.5)));
            }
        }
        assertThat(Files.readAllLines(file)).hasSize(3);
        assertThat(MetricsFile.read(file).badImages()).containsExactly(image);
    }

    @Test
    void open_whenTheLastKeptLineHasNoLineEnd_cutsIt() throws IOException {
        Files.writeString(file, MetricsJson.line(step(1, 0)) + "\n" + MetricsJson.line(step(2, 0)));
        try (JsonLinesSink sink = JsonLinesSink.open(file, 2, notice -> {})) {
            sink.on(new Event.Step(step(3, 0)));
        }
        assertThat(MetricsFile.read(file).steps()).extracting(StepMetrics::step).containsExactly(1L, 3L);
    }

    @Test
    void open_fromTheStart_forgetsAnEarlierRun() {
        try (JsonLinesSink sink = JsonLinesSink.open(file, 0, notice -> {})) {
            sink.on(new Event.Step(step(1, 0)));
        }
        JsonLinesSink.open(file, 0, notice -> {}).close();
        assertThat(file).isEmptyFile();
    }

    @Test
    void onStep_reachesTheDiskAfterASecondAndNotBefore() throws IOException {
        AtomicLong nanos = new AtomicLong();
        try (JsonLinesSink sink = JsonLinesSink.open(file, 0, notice -> {}, nanos::get)) {
            sink.on(new Event.Step(step(1, 0)));
            assertThat(file).isEmptyFile();
            nanos.set(1_000_000_000L);
            sink.on(new Event.Step(step(2, 0)));
            assertThat(Files.readAllLines(file)).hasSize(2);
            sink.on(new Event.Step(step(3, 0)));
            sink.flush();
            assertThat(Files.readAllLines(file)).hasSize(3);
            sink.on(new Event.Epoch(epoch(0, 3, 0.2)));
            assertThat(Files.readAllLines(file)).hasSize(4);
        }
    }

    @Test
    void open_inAFolderThatIsNotThere_isAnErrorOfTheUser() {
        assertThatThrownBy(() -> JsonLinesSink.open(folder.resolve("none/metrics.jsonl"), 0, notice -> {}))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("file = " + folder.resolve("none/metrics.jsonl"));
    }

    @Test
    void onStep_onAFullDisk_warnsOnceAndLetsTrainingGoOn() {
        Path full = Path.of("/dev/full");
        org.junit.jupiter.api.Assumptions.assumeTrue(Files.exists(full), "needs /dev/full");
        List<String> notices = new ArrayList<>();
        try (MetricsStream out = MetricsStream.open(full, System::nanoTime, notices::add, StandardOpenOption.WRITE)) {
            out.write(new byte[10]);
            out.flush();
            out.write(new byte[1 << 20]);
        }
        assertThat(notices)
                .singleElement()
                .satisfies(notice -> assertThat(notice)
                        .startsWith("warning: metrics cannot be written, file = /dev/full: No space left"));
    }

    @Test
    void read_ofADamagedLineInTheMiddle_namesIt() throws IOException {
        Files.write(file, List.of(MetricsJson.line(step(1, 0)), "{\"type\":\"st", MetricsJson.line(step(3, 0))));
        assertThatThrownBy(() -> MetricsFile.read(file))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining(file + ":2");
    }

    @Test
    void read_ofATornLastLine_leavesItOut() throws IOException {
        String whole = MetricsJson.line(step(1, 0)) + "\n";
        String torn = MetricsJson.line(step(2, 0));
        for (int length = 0; length < torn.length(); length++) {
            Files.writeString(file, whole + torn.substring(0, length));
            assertThat(MetricsFile.read(file).steps()).hasSize(1);
        }
    }

    @Test
    void read_ofNoFile_saysSo() {
        assertThatThrownBy(() -> MetricsFile.read(file)).hasMessageStartingWith("no metrics, file = ");
    }

    @Test
    void medianOfLastFive_takesTheLastFiveEpochsOrTheLastOneOfAShortRun() {
        double[] errors = {0.9, 0.8, 0.5, 0.1, 0.3, 0.2, 0.4};
        List<EpochMetrics> epochs = new java.util.ArrayList<>();
        for (int i = 0; i < errors.length; i++) {
            epochs.add(epoch(i, i + 1, errors[i]));
        }
        assertThat(MetricsFile.medianOfLastFive(7, epochs)).isEqualTo(0.3);
        assertThat(MetricsFile.medianOfLastFive(6, epochs.subList(1, 6))).isEqualTo(0.3);
        assertThat(MetricsFile.medianOfLastFive(5, epochs.subList(0, 5))).isEqualTo(0.3);
        assertThat(MetricsFile.medianOfLastFive(4, epochs.subList(0, 4))).isEqualTo(0.1);
        assertThat(MetricsFile.medianOfLastFive(2, epochs.subList(0, 2))).isEqualTo(0.8);
        assertThat(MetricsFile.medianOfLastFive(0, List.of())).isNaN();
        assertThat(MetricsFile.medianOfLastFive(2, List.of(epoch(0, 1, 0.7), epoch(1, 2, Double.NaN))))
                .isEqualTo(0.7);
    }
}
