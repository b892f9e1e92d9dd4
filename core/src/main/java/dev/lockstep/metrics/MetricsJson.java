package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Optional;

/** The JSON form of metrics: one object per line; numbers that are not finite are null. */
final class MetricsJson {
    private MetricsJson() {}

    static String line(StepMetrics step) {
        ObjectNode line = Json.MAPPER
                .createObjectNode()
                .put("type", "step")
                .put("step", step.step())
                .put("epoch", step.epoch());
        put(line, "learning_rate", step.learningRate());
        put(line, "loss", step.loss());
        put(line, "train_top1_error", step.top1Error());
        put(line, "images_per_second", step.imagesPerSecond());
        put(line, "step_seconds", step.stepSeconds());
        put(line, "data_wait_seconds", step.dataWaitSeconds());
        put(line, "exposed_communication_seconds", step.exposedCommunicationSeconds());
        put(line, "noise_scale", step.noiseScale());
        return line.toString();
    }

    static String line(EpochMetrics epoch) {
        ObjectNode line = Json.MAPPER
                .createObjectNode()
                .put("type", "epoch")
                .put("epoch", epoch.epoch())
                .put("step", epoch.step());
        put(line, "train_loss", epoch.trainLoss());
        put(line, "train_top1_error", epoch.trainTop1Error());
        put(line, "validation_top1_error", epoch.validationTop1Error());
        put(line, "validation_top5_error", epoch.validationTop5Error());
        put(line, "validation_loss", epoch.validationLoss());
        put(line, "seconds", epoch.seconds());
        return line.toString();
    }

    static String line(BadImage image) {
        return Json.MAPPER
                .createObjectNode()
                .put("type", "bad-image")
                .put("step", image.step())
                .put("epoch", image.epoch())
                .put("set", image.set())
                .put("index", image.index())
                .put("reason", image.reason())
                .toString();
    }

    /**
     * A {@link StepMetrics}, an {@link EpochMetrics} or a {@link BadImage}; empty when the line is not one whole record.
     */
    static Optional<Record> parse(byte[] line) {
        try {
            JsonNode node = Json.MAPPER.readTree(line);
            String type = node.path("type").asText();
            if (!isCount(node.path("step"))
                    || !isCount(node.path("epoch"))
                    || !node.path("epoch").isInt()) {
                return Optional.empty();
            }
            return switch (type) {
                case "step" -> Optional.of(step(node));
                case "epoch" -> Optional.of(epoch(node));
                case "bad-image" -> Optional.of(badImage(node));
                default -> Optional.empty();
            };
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean isCount(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong() && node.asLong() >= 0;
    }

    private static StepMetrics step(JsonNode node) {
        return new StepMetrics(
                node.path("step").asLong(),
                node.path("epoch").asInt(),
                number(node, "learning_rate"),
                number(node, "loss"),
                number(node, "train_top1_error"),
                number(node, "images_per_second"),
                number(node, "step_seconds"),
                number(node, "data_wait_seconds"),
                number(node, "exposed_communication_seconds"),
                number(node, "noise_scale"));
    }

    private static EpochMetrics epoch(JsonNode node) {
        return new EpochMetrics(
                node.path("epoch").asInt(),
                node.path("step").asLong(),
                number(node, "train_loss"),
                number(node, "train_top1_error"),
                number(node, "validation_top1_error"),
                number(node, "validation_top5_error"),
                number(node, "validation_loss"),
                number(node, "seconds"));
    }

    private static BadImage badImage(JsonNode node) {
        return new BadImage(
                node.path("step").asLong(),
                node.path("epoch").asInt(),
                node.path("set").asText(),
                node.path("index").asInt(),
                node.path("reason").asText());
    }

    static double number(JsonNode node, String key) {
        return node.path(key).asDouble(Double.NaN);
    }

    static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, value);
        } else {
            node.putNull(key);
        }
    }
}
