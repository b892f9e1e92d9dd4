package dev.lockstep.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
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
 */
record Books(double epochLoss, long epochWrong, List<EpochMetrics> epochs, List<Double> noise) {
    private static final ObjectMapper JSON = new ObjectMapper();

    Books {
        epochs = List.copyOf(epochs);
        noise = List.copyOf(noise);
    }

    static Books empty() {
        return new Books(0, 0, List.of(), List.of());
    }

    Books plusStep(double loss, long wrong, List<Double> noise) {
        return new Books(epochLoss + loss, epochWrong + wrong, epochs, noise);
    }

    Books plusEpoch(EpochMetrics epoch) {
        List<EpochMetrics> longer = new ArrayList<>(epochs);
        longer.add(epoch);
        return new Books(0, 0, longer, noise);
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
