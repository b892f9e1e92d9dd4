package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerSheetTest {
    /** Six images of cats and dogs; there is no cow. */
    private static final AnswerSheet SHEET = new AnswerSheet(
            List.of("cat", "cow", "dog"),
            List.of(
                    new Answer(0, 0, 0, 0.95, 0.95),
                    new Answer(1, 0, 2, 0.90, 0.10),
                    new Answer(2, 0, 2, 0.50, 0.25),
                    new Answer(3, 2, 2, 0.55, 0.55),
                    new Answer(4, 2, 1, 0.99, 0.01),
                    new Answer(5, 2, 2, 0.40, 0.40)));

    @Test
    void classes_countErrorsAndPrecision() {
        assertThat(SHEET.confusionMatrix()).isDeepEqualTo(new int[][] {{1, 0, 2}, {0, 0, 0}, {0, 1, 2}});
        List<AnswerSheet.ClassResult> classes = SHEET.classes();
        assertThat(classes.get(0)).isEqualTo(new AnswerSheet.ClassResult("cat", 3, 2, 2 / 3.0, 1, 1));
        assertThat(classes.get(1).error()).isNaN();
        assertThat(classes.get(1).precision()).isZero();
        assertThat(classes.get(2)).isEqualTo(new AnswerSheet.ClassResult("dog", 3, 1, 1 / 3.0, 4, 0.5));
    }

    @Test
    void confusions_areSortedByNumber() {
        assertThat(SHEET.confusions())
                .containsExactly(new AnswerSheet.Confusion(0, 2, 2), new AnswerSheet.Confusion(2, 1, 1));
    }

    @Test
    void worst_areThoseWhoseClassIsLeastProbable() {
        assertThat(SHEET.worst(2)).extracting(Answer::index).containsExactly(4, 1);
        assertThat(SHEET.worst(9)).extracting(Answer::index).containsExactly(4, 1, 2);
    }

    /** Bins of 1/15: 0.40 is in (5/15, 6/15]; 0.50 and 0.55 in (7/15, 8/15] and (8/15, 9/15]; 0.95 and 0.99 in the last. */
    @Test
    void calibration_isTheMeanDistanceOfBins() {
        AnswerSheet.Calibration calibration = SHEET.calibration();
        assertThat(calibration.bins()).extracting(AnswerSheet.Bin::images).containsExactly(1, 1, 1, 1, 2);
        double expected = (0.60 + 0.50 + 0.45 + 0.90 + 2 * Math.abs(0.5 - 0.97)) / 6;
        assertThat(calibration.expectedError()).isCloseTo(expected, within(1e-12));
        AnswerSheet.Bin last = calibration.bins().get(4);
        assertThat(last.confidence()).isCloseTo(0.97, within(1e-12));
        assertThat(last.accuracy()).isEqualTo(0.5);
        assertThat(last.to()).isEqualTo(1);
    }

    @Test
    void answer_ofEqualProbabilities_isTheFirstClass() {
        assertThat(Answer.of(7, 2, new double[] {0.2, 0.4, 0.4})).isEqualTo(new Answer(7, 2, 1, 0.4, 0.4));
    }
}
