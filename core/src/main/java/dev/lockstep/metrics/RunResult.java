package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * How a run ended: {@code result.json}. Errors are fractions in [0, 1]; unknown values are NaN, and null in the file.
 *
 * @param status whether the run reached its end
 * @param weightsSha256 of all parameters; empty when the run has none
 * @param datasetFingerprint of the data that it trained on
 * @param steps iterations done since the start of training
 * @param epochs whole epochs done since the start of training
 * @param medianLast5ValidationTop1Error the number the paper reports (section 5.1); after at most five epochs the last
 *     error, as in {@link MetricsFile#medianOfLastFive(int, java.util.List)}
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
    private static final ObjectReader READER =
            Json.SNAKE_CASE.readerFor(RunResult.class).without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** Whether a run reached its end. */
    public enum Status {
        COMPLETED,
        /** Stopped by a signal or {@code --stop-after}; the run can be resumed from a checkpoint. */
        INTERRUPTED,
        /** A loss was not finite; the run cannot be resumed. */
        DIVERGED
    }

    /** Files of earlier versions lack some of it. */
    public RunResult {
        status = Objects.requireNonNullElse(status, Status.COMPLETED);
        weightsSha256 = Objects.requireNonNullElse(weightsSha256, "");
        datasetFingerprint = Objects.requireNonNullElse(datasetFingerprint, "");
    }

    public String toJson() {
        return Json.line(this);
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
            RunResult result = READER.readValue(InputFile.bytes(file, MOST_BYTES));
            if (result != null) {
                return result;
            }
            throw new IOException("not a JSON object");
        } catch (IOException e) {
            throw LockstepException.data(
                    "no readable result: " + e, "file = " + file, "finish the run, or remove the file");
        }
    }
}
