package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MetricsJsonTest {
    private static final StepMetrics STEP =
            new StepMetrics(7, 1, 0.1, Double.POSITIVE_INFINITY, 0.5, 1e-9, 3, 0.25, 0, Double.NaN);
    private static final EpochMetrics EPOCH = new EpochMetrics(2, 300, 0.5, 0.25, 0.125, Double.NaN, 1.5, 12);
    private static final BadImage IMAGE = new BadImage(5, 1, "training", 77, "a \"b\" η");

    private static byte[] bytes(String line) {
        return line.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void line_ofEachRecord_hasTheKeysAndTheOrderOfTheContract() {
        assertThat(MetricsJson.line(STEP))
                .isEqualTo("{\"type\":\"step\",\"step\":7,\"epoch\":1,\"learning_rate\":0.1,\"loss\":null,"
                        + "\"train_top1_error\":0.5,\"images_per_second\":1.0E-9,\"step_seconds\":3.0,"
                        + "\"data_wait_seconds\":0.25,\"exposed_communication_seconds\":0.0,\"noise_scale\":null}");
        assertThat(MetricsJson.line(EPOCH))
                .isEqualTo("{\"type\":\"epoch\",\"epoch\":2,\"step\":300,\"train_loss\":0.5,\"train_top1_error\":0.25,"
                        + "\"validation_top1_error\":0.125,\"validation_top5_error\":null,\"validation_loss\":1.5,"
                        + "\"seconds\":12.0}");
        assertThat(MetricsJson.line(IMAGE))
                .isEqualTo("{\"type\":\"bad-image\",\"step\":5,\"epoch\":1,\"set\":\"training\",\"index\":77,"
                        + "\"reason\":\"a \\\"b\\\" η\"}");
    }

    @Test
    void parse_whatLineWrote_returnsIt() {
        assertThat(MetricsJson.parse(bytes(MetricsJson.line(EPOCH)))).contains(EPOCH);
        assertThat(MetricsJson.parse(bytes(MetricsJson.line(IMAGE)))).contains(IMAGE);
    }

    @Test
    void parse_lineOfAnotherVersion_ignoresUnknownKeysAndReadsMissingNumbersAsNaN() {
        assertThat(MetricsJson.parse(bytes("{\"type\":\"epoch\",\"epoch\":0,\"step\":1,\"new\":[1]}")))
                .contains(
                        new EpochMetrics(0, 1, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN));
        assertThat(MetricsJson.parse(bytes("{\"type\":\"bad-image\",\"epoch\":0,\"step\":1}")))
                .isEmpty();
    }

    /** A blank at its start sends a line by the way of the other records. */
    @Property
    void steps_areReadAsOtherRecordsAre(
            @ForAll long step,
            @ForAll int epoch,
            @ForAll double rate,
            @ForAll double loss,
            @ForAll @IntRange(max = DAMAGES) int damage) {
        String line = damaged(
                MetricsJson.line(new StepMetrics(step, epoch, rate, loss, 0.5, 1e-9, 3, 0.25, 0, Double.NaN)), damage);
        assertThat(MetricsJson.parse(bytes(line))).as(line).isEqualTo(MetricsJson.parse(bytes(" " + line)));
    }

    private static final int DAMAGES = 9;

    private static String damaged(String line, int damage) {
        return switch (damage) {
            case 1 -> line.replaceFirst("\"step\":(-?[0-9]+)", "\"step\":$1.5");
            case 2 -> line.replaceFirst("\"step\":(-?[0-9]+)", "\"step\":\"$1\"");
            case 3 -> line.replaceFirst("\"epoch\":-?[0-9]+", "\"epoch\":99999999999");
            case 4 -> line.replaceFirst("\"step\":-?[0-9]+", "\"step\":99999999999999999999");
            case 5 -> line.replaceFirst("\"epoch\":-?[0-9]+,", "");
            case 6 -> line.substring(0, line.length() / 2);
            case 7 -> line.replaceFirst("\"step\":-?[0-9]+", "\"step\":null");
            case 8 -> line.replaceFirst("\"noise_scale\":", "\"new\":[1],\"noise_scale\":");
            case DAMAGES -> line.replaceFirst("\"epoch\":-?[0-9]+", "\"epoch\":true");
            default -> line;
        };
    }
}
