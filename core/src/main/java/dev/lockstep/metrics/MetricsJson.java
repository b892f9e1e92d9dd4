package dev.lockstep.metrics;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** The JSON form of metrics: one object per line; numbers that are not finite are null. */
final class MetricsJson {
    private static final Map<String, Class<? extends Record>> TYPES =
            Map.of("step", StepMetrics.class, "epoch", EpochMetrics.class, "bad-image", BadImage.class);
    private static final ObjectReader READER = Json.SNAKE_CASE
            .reader()
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .with(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

    private static final byte[] STEP = "{\"type\":\"step\",".getBytes(StandardCharsets.US_ASCII);
    /** Nearly all lines are steps, and a run may have hundreds of thousands: they are read without a tree. */
    private static final ObjectReader STEPS = Json.SNAKE_CASE
            .rebuild()
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build()
            .readerFor(StepMetrics.class)
            .with(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            .without(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .with(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    private record Line(String type, @JsonUnwrapped Record metrics) {}

    private MetricsJson() {}

    static ObjectReader reader() {
        return READER.without(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);
    }

    static String line(StepMetrics step) {
        return Json.line(new Line("step", step));
    }

    static String line(EpochMetrics epoch) {
        return Json.line(new Line("epoch", epoch));
    }

    static String line(BadImage image) {
        return Json.line(new Line("bad-image", image));
    }

    /**
     * A {@link StepMetrics}, an {@link EpochMetrics} or a {@link BadImage}; empty when the line is not one whole record.
     */
    static Optional<Record> parse(byte[] line) {
        try {
            if (Arrays.mismatch(STEP, line) == STEP.length) {
                StepMetrics step = STEPS.readValue(line);
                return step.step() >= 0 && step.epoch() >= 0 ? Optional.of(step) : Optional.empty();
            }
            JsonNode node = READER.readTree(line);
            Class<? extends Record> type = TYPES.get(node.path("type").asText());
            if (type == null
                    || !isCount(node.path("step"))
                    || !isCount(node.path("epoch"))
                    || !node.path("epoch").isInt()) {
                return Optional.empty();
            }
            return Optional.of(READER.treeToValue(node, type));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean isCount(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong() && node.asLong() >= 0;
    }
}
