package dev.lockstep.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.report.BadImage;
import dev.lockstep.report.EpochMetrics;
import java.util.ArrayList;
import java.util.List;

/**
 * What the trainer writes down so that a resumed run reports what an uninterrupted one would.
 *
 * @param epochLoss sum of the losses of this epoch's steps so far
 * @param epochWrong images classified wrongly in this epoch so far
 * @param epochs results of past epochs
 * @param noise the averages of the gradient noise scale
 * @param badImages that were met and replaced so far, each once
 */
record Books(
        double epochLoss, long epochWrong, List<EpochMetrics> epochs, List<Double> noise, List<BadImage> badImages) {
    private static final ObjectMapper JSON = new ObjectMapper();

    Books {
        epochs = List.copyOf(epochs);
        noise = List.copyOf(noise);
        // Checkpoints from before there was such a list have none.
        badImages = badImages == null ? List.of() : List.copyOf(badImages);
    }

    static Books empty() {
        return new Books(0, 0, List.of(), List.of(), List.of());
    }

    Books plusStep(double loss, long wrong, List<Double> noise) {
        return new Books(epochLoss + loss, epochWrong + wrong, epochs, noise, badImages);
    }

    Books plusEpoch(EpochMetrics epoch) {
        List<EpochMetrics> longer = new ArrayList<>(epochs);
        longer.add(epoch);
        return new Books(0, 0, longer, noise, badImages);
    }

    Books plusBadImages(List<BadImage> met) {
        List<BadImage> longer = new ArrayList<>(badImages);
        longer.addAll(met);
        return new Books(epochLoss, epochWrong, epochs, noise, longer);
    }

    /** Whether an image was met before. */
    boolean knows(String set, int index) {
        return badImages.stream()
                .anyMatch(image -> image.index() == index && image.set().equals(set));
    }

    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static Books fromJson(String text) {
        try {
            return JSON.readValue(text, Books.class);
        } catch (JsonProcessingException e) {
            throw LockstepException.checkpoint("damaged checkpoint: the trainer's books", "", "use another one");
        }
    }
}
