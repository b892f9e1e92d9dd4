package dev.lockstep.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.text.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The state that the trainer saves besides the tensors, so that a resumed run reports the same as an uninterrupted
 * one. Does not grow with the number of epochs.
 *
 * @param epochsDone number of epochs that have a result
 * @param epochLoss sum of the losses of this epoch's steps so far
 * @param epochWrong images classified wrongly in this epoch so far
 * @param epochs results of the last {@link #KEPT} of them
 * @param noise the averages of the gradient noise scale
 * @param badImages the bad images found and replaced so far, each once
 */
record TrainerState(
        int epochsDone,
        double epochLoss,
        long epochWrong,
        List<EpochMetrics> epochs,
        List<Double> noise,
        List<BadImage> badImages) {
    /** The paper reports a median over this many (section 5.1). */
    static final int KEPT = 5;

    private static final ObjectReader READER =
            Json.MAPPER.readerFor(TrainerState.class).with(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

    TrainerState {
        epochs = List.copyOf(epochs.subList(Math.max(0, epochs.size() - KEPT), epochs.size()));
        noise = List.copyOf(noise);
        badImages = List.copyOf(badImages);
    }

    static TrainerState initial() {
        return new TrainerState(0, 0, 0, List.of(), List.of(), List.of());
    }

    TrainerState plusStep(double loss, long wrong, List<Double> noise) {
        return new TrainerState(epochsDone, epochLoss + loss, epochWrong + wrong, epochs, noise, badImages);
    }

    TrainerState plusEpoch(EpochMetrics epoch) {
        List<EpochMetrics> longer = new ArrayList<>(epochs);
        longer.add(epoch);
        return new TrainerState(epochsDone + 1, 0, 0, longer, noise, badImages);
    }

    TrainerState plusBadImages(List<BadImage> met) {
        List<BadImage> longer = new ArrayList<>(badImages);
        longer.addAll(met);
        return new TrainerState(epochsDone, epochLoss, epochWrong, epochs, noise, longer);
    }

    /** Whether a bad image was found before. */
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
     * Reads the output of {@link #toJson}.
     *
     * @param step the step of the checkpoint that contains it
     * @throws LockstepException of kind CHECKPOINT when it is not a valid state at that step
     */
    static TrainerState fromJson(String text, long step, int iterationsPerEpoch) {
        try {
            TrainerState state = READER.readValue(text);
            if (state != null && state.fits(step, iterationsPerEpoch)) {
                return state;
            }
        } catch (JsonProcessingException e) {
            // Reported below.
        }
        throw LockstepException.checkpoint(
                "damaged checkpoint: the trainer's state", "step = " + step, "use another one");
    }

    /** At the end of an epoch, its result may be missing: the evaluation has yet to be done. */
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
