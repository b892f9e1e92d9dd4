package dev.lockstep.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the trainer writes down so that a resumed run reports what an uninterrupted one would. Does not grow with the epochs.
 *
 * @param epochsDone epochs that have a result
 * @param epochLoss sum of the losses of this epoch's steps so far
 * @param epochWrong images classified wrongly in this epoch so far
 * @param epochs results of the last {@link #KEPT} of them
 * @param noise the averages of the gradient noise scale
 * @param badImages that were met and replaced so far, each once
 */
record Books(
        int epochsDone,
        double epochLoss,
        long epochWrong,
        List<EpochMetrics> epochs,
        List<Double> noise,
        List<BadImage> badImages) {
    /** As many as the paper's number is a median of (section 5.1). */
    static final int KEPT = 5;

    Books {
        // Checkpoints from before there was such a number have all epochs.
        epochsDone = Math.max(epochsDone, epochs.size());
        epochs = List.copyOf(epochs.subList(Math.max(0, epochs.size() - KEPT), epochs.size()));
        noise = List.copyOf(noise);
        // Checkpoints from before there was such a list have none.
        badImages = badImages == null ? List.of() : List.copyOf(badImages);
    }

    static Books empty() {
        return new Books(0, 0, 0, List.of(), List.of(), List.of());
    }

    Books plusStep(double loss, long wrong, List<Double> noise) {
        return new Books(epochsDone, epochLoss + loss, epochWrong + wrong, epochs, noise, badImages);
    }

    Books plusEpoch(EpochMetrics epoch) {
        List<EpochMetrics> longer = new ArrayList<>(epochs);
        longer.add(epoch);
        return new Books(epochsDone + 1, 0, 0, longer, noise, badImages);
    }

    Books plusBadImages(List<BadImage> met) {
        List<BadImage> longer = new ArrayList<>(badImages);
        longer.addAll(met);
        return new Books(epochsDone, epochLoss, epochWrong, epochs, noise, longer);
    }

    /** Whether an image was met before. */
    boolean knows(String set, int index) {
        return badImages.stream()
                .anyMatch(image -> image.index() == index && image.set().equals(set));
    }

    String toJson() {
        try {
            return Json.MAPPER.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads what {@link #toJson} has written.
     *
     * @param step of the checkpoint that it stands in
     * @throws LockstepException of kind CHECKPOINT when it is not what a trainer writes at that step
     */
    static Books fromJson(String text, long step, int iterationsPerEpoch) {
        try {
            Books books = Json.MAPPER.readValue(text, Books.class);
            if (books != null && books.fits(step, iterationsPerEpoch)) {
                return books;
            }
        } catch (JsonProcessingException e) {
            // Told below.
        }
        throw LockstepException.checkpoint(
                "damaged checkpoint: the trainer's books", "step = " + step, "use another one");
    }

    /** At the end of an epoch its result may be missing: then the evaluation is still to be done. */
    private boolean fits(long step, int iterationsPerEpoch) {
        long whole = step / iterationsPerEpoch;
        boolean counted = epochsDone == whole || epochsDone == whole - 1 && step % iterationsPerEpoch == 0;
        boolean images = badImages.stream().allMatch(image -> image.set() != null && image.reason() != null);
        return counted && epochWrong >= 0 && images && hasLastEpochs() && (noise.isEmpty() || noise.size() == 3);
    }

    private boolean hasLastEpochs() {
        int first = epochsDone - epochs.size();
        return epochs.size() == Math.min(KEPT, epochsDone)
                && IntStream.range(0, epochs.size()).allMatch(i -> epochs.get(i).epoch() == first + i);
    }
}
