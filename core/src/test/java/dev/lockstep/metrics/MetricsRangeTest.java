package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MetricsRangeTest {
    private static final int STEPS = 5000;
    private static final int PER_EPOCH = 100;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** About 1 MB, with an epoch after every hundred steps, and a last line that is not whole. */
    private void write() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= STEPS; step++) {
            lines.append(MetricsJson.line(
                            new StepMetrics(step, (step - 1) / PER_EPOCH, 0.1, 2.0 / step, 0.5, 1000, 0.25, 0, 0, 100)))
                    .append('\n');
            if (step % PER_EPOCH == 0) {
                lines.append(MetricsJson.line(
                                new EpochMetrics(step / PER_EPOCH - 1, step, 1, 0.5, 0.5, Double.NaN, 1, 25)))
                        .append('\n');
            }
        }
        Files.writeString(folder.resolve(MetricsFile.NAME), lines + "{\"type\":\"step\",\"st");
    }

    private List<Long> read(long after, long last) throws IOException {
        List<Long> steps = new ArrayList<>();
        MetricsRange.read(folder, after, last, step -> steps.add(step.step()));
        return steps;
    }

    private static List<Long> range(long first, long last) {
        return LongStream.rangeClosed(first, last).boxed().toList();
    }

    @Test
    void range_hasItsStepsAndNoOthers_whereverItLies() throws IOException {
        write();
        assertThat(read(0, STEPS)).isEqualTo(range(1, STEPS));
        assertThat(read(-1, 1)).containsExactly(1L);
        assertThat(read(STEPS - 1, STEPS)).containsExactly((long) STEPS);
        assertThat(read(STEPS, 2 * STEPS)).isEmpty();
        for (int after = 37; after < STEPS; after += 61) {
            assertThat(read(after, after + 150)).isEqualTo(range(after + 1, Math.min(STEPS, after + 150)));
        }
    }
}
