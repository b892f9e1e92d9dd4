package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * How a run ended: {@code result.json}. Errors are fractions in [0, 1]; unknown values are NaN, and null in the file.
 *
 * @param status whether the run reached its end
 * @param weightsSha256 of all parameters; empty when the run has none
 * @param datasetFingerprint of the data that it trained on
 * @param steps iterations done since the start of training
 * @param epochs whole epochs done since the start of training
 * @param medianLast5ValidationTop1Error the number the paper reports (section 5.1)
 * @param imagesPerSecond of training, without evaluation, over this session of the run
 * @param seconds wall time of this session of the run
 * @param badImages distinct bad images of both sets that were replaced since the start of training
 */
public record RunResult(
        Status status,
        String weightsSha256,
        String datasetFingerprint,
        long steps,
        int epochs,
        double validationTop1Error,
        double validationTop5Error,
        double validationLoss,
        double medianLast5ValidationTop1Error,
        double trainLoss,
        double trainTop1Error,
        double imagesPerSecond,
        double seconds,
        int workers,
        int imagesPerWorker,
        int processes,
        int lanes,
        int badImages) {

    public static final String NAME = "result.json";

    private static final int MOST_BYTES = 1_000_000;

    /** Whether a run reached its end. */
    public enum Status {
        COMPLETED,
        /** Stopped by a signal or {@code --stop-after}; the run can be resumed from a checkpoint. */
        INTERRUPTED,
        /** A loss was not finite; the run cannot be resumed. */
        DIVERGED
    }

    public String toJson() {
        ObjectNode node = Json.MAPPER
                .createObjectNode()
                .put("status", status.name().toLowerCase(Locale.ROOT))
                .put("weights_sha256", weightsSha256)
                .put("dataset_fingerprint", datasetFingerprint)
                .put("steps", steps)
                .put("epochs", epochs);
        MetricsJson.put(node, "validation_top1_error", validationTop1Error);
        MetricsJson.put(node, "validation_top5_error", validationTop5Error);
        MetricsJson.put(node, "validation_loss", validationLoss);
        MetricsJson.put(node, "median_last5_validation_top1_error", medianLast5ValidationTop1Error);
        MetricsJson.put(node, "train_loss", trainLoss);
        MetricsJson.put(node, "train_top1_error", trainTop1Error);
        MetricsJson.put(node, "images_per_second", imagesPerSecond);
        MetricsJson.put(node, "seconds", seconds);
        node.put("workers", workers)
                .put("images_per_worker", imagesPerWorker)
                .put("processes", processes)
                .put("lanes", lanes)
                .put("bad_images", badImages);
        return node.toString();
    }

    /**
     * Writes {@code result.json} into a run folder, atomically.
     *
     * @throws LockstepException of kind CHECKPOINT when it cannot be written
     */
    public void write(Path runFolder) {
        Path file = runFolder.resolve(NAME);
        try {
            DurableFiles.write(file, toJson() + "\n");
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.CHECKPOINT,
                    "the result cannot be written: " + e,
                    "file = " + file,
                    (status == Status.COMPLETED ? "training is done and its weights are saved; " : "")
                            + "free some space and run the same command again",
                    e);
        }
    }

    /** @throws LockstepException of kind DATA when the folder holds no readable result */
    public static RunResult read(Path runFolder) {
        Path file = runFolder.resolve(NAME);
        try {
            return parse(Json.MAPPER.readTree(InputFile.bytes(file, MOST_BYTES)));
        } catch (IOException | IllegalArgumentException e) {
            throw LockstepException.data(
                    "no readable result: " + e, "file = " + file, "finish the run, or remove the file");
        }
    }

    private static RunResult parse(JsonNode node) {
        if (!node.isObject()) {
            throw new IllegalArgumentException("not a JSON object");
        }
        return new RunResult(
                Status.valueOf(node.path("status").asText("completed").toUpperCase(Locale.ROOT)),
                node.path("weights_sha256").asText(),
                node.path("dataset_fingerprint").asText(),
                node.path("steps").asLong(),
                node.path("epochs").asInt(),
                MetricsJson.number(node, "validation_top1_error"),
                MetricsJson.number(node, "validation_top5_error"),
                MetricsJson.number(node, "validation_loss"),
                MetricsJson.number(node, "median_last5_validation_top1_error"),
                MetricsJson.number(node, "train_loss"),
                MetricsJson.number(node, "train_top1_error"),
                MetricsJson.number(node, "images_per_second"),
                MetricsJson.number(node, "seconds"),
                node.path("workers").asInt(),
                node.path("images_per_worker").asInt(),
                node.path("processes").asInt(),
                node.path("lanes").asInt(),
                node.path("bad_images").asInt());
    }
}
