package dev.lockstep.metrics;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The contents of {@code metrics.jsonl}, in order of steps. An incomplete last line is left out.
 *
 * @param steps ascending, each once
 * @param epochs ascending, each once
 * @param badImages the bad images that were replaced, each once
 */
public record MetricsFile(List<StepMetrics> steps, List<EpochMetrics> epochs, List<BadImage> badImages) {
    public static final String NAME = "metrics.jsonl";

    public MetricsFile {
        steps = List.copyOf(steps);
        epochs = List.copyOf(epochs);
        badImages = List.copyOf(badImages);
    }

    /** A run without any steps. */
    public static MetricsFile empty() {
        return new MetricsFile(List.of(), List.of(), List.of());
    }

    /**
     * @throws LockstepException of kind DATA, naming file and line, when the file is missing or damaged before its last
     *     line
     */
    public static MetricsFile read(Path file) {
        List<StepMetrics> steps = new ArrayList<>();
        List<EpochMetrics> epochs = new ArrayList<>();
        List<BadImage> badImages = new ArrayList<>();
        try (RecordLines lines = RecordLines.open(file)) {
            int number = 0;
            int damaged = 0;
            while (lines.next()) {
                number++;
                if (damaged > 0) {
                    throw damaged(file, damaged);
                }
                Optional<Record> record = lines.record();
                damaged = record.isEmpty() ? number : 0;
                record.ifPresent(r -> add(r, steps, epochs, badImages));
            }
        } catch (NoSuchFileException e) {
            throw LockstepException.data(
                    "no metrics", "file = " + file, "give the folder of a run that has trained for some steps");
        } catch (IOException e) {
            throw LockstepException.data("metrics cannot be read: " + e, "file = " + file, "check the file");
        }
        return new MetricsFile(steps, epochs, badImages);
    }

    private static void add(
            Record record, List<StepMetrics> steps, List<EpochMetrics> epochs, List<BadImage> badImages) {
        if (record instanceof StepMetrics step) {
            steps.add(step);
        } else if (record instanceof EpochMetrics epoch) {
            epochs.add(epoch);
        } else if (record instanceof BadImage image) {
            badImages.add(image);
        }
    }

    private static LockstepException damaged(Path file, int line) {
        return LockstepException.data(
                "not a line of metrics", "file = " + file + ":" + line, "remove the damaged line or train again");
    }

    /**
     * The beginning of the file, which a run keeps when it resumes at a step.
     *
     * @param bytes length of the whole lines up to the step
     * @param lastEpoch the last epoch among them; −1 if there is none
     * @param badImages those among them
     */
    record Kept(long bytes, int lastEpoch, Set<BadImage> badImages) {}

    static Kept upTo(Path file, long step) throws IOException {
        long bytes = 0;
        int lastEpoch = -1;
        Set<BadImage> badImages = new HashSet<>();
        try (RecordLines lines = RecordLines.open(file)) {
            while (step > 0 && lines.next() && lines.isWhole()) {
                Optional<Record> record = lines.record();
                if (record.isEmpty() || stepOf(record.get()) > step) {
                    break;
                }
                if (record.get() instanceof EpochMetrics epoch) {
                    lastEpoch = epoch.epoch();
                } else if (record.get() instanceof BadImage image) {
                    badImages.add(image);
                }
                bytes = lines.bytes();
            }
        }
        return new Kept(bytes, lastEpoch, badImages);
    }

    private static long stepOf(Record record) {
        if (record instanceof StepMetrics step) {
            return step.step();
        }
        return record instanceof EpochMetrics epoch ? epoch.step() : ((BadImage) record).step();
    }

    /**
     * The median validation error of the last five epochs, which the paper reports (section 5.1). NaN before the first.
     */
    public double medianOfLastFive() {
        return medianOfLastFive(epochs.size(), epochs);
    }

    /**
     * The median validation error of the last five epochs. A run of at most five epochs is still learning in the first of
     * them, so that its last error is the result.
     *
     * @param done epochs of the run so far
     * @param epochs the last five of them, or more
     */
    public static double medianOfLastFive(int done, List<EpochMetrics> epochs) {
        return medianOfLast(done > 5 ? 5 : 1, epochs);
    }

    private static double medianOfLast(int count, List<EpochMetrics> epochs) {
        List<Double> errors = epochs.stream()
                .sorted(Comparator.comparingInt(EpochMetrics::epoch))
                .map(EpochMetrics::validationTop1Error)
                .filter(error -> !Double.isNaN(error))
                .toList();
        List<Double> last = errors.subList(Math.max(0, errors.size() - count), errors.size()).stream()
                .sorted()
                .toList();
        if (last.isEmpty()) {
            return Double.NaN;
        }
        int middle = last.size() / 2;
        return last.size() % 2 == 1 ? last.get(middle) : (last.get(middle - 1) + last.get(middle)) / 2;
    }
}
