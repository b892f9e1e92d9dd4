package dev.lockstep.study;

/**
 * A question with what the runs say. Differences are fractions, not points; NaN where they cannot be told.
 *
 * @param claim the question as a sentence
 * @param verdict what is shown
 * @param difference variant less baseline; for curves the mean absolute difference
 * @param low lower end of the interval in which the difference lies with confidence 1 − 2·level
 * @param high upper end
 * @param p the p-value of the test for "holds"
 * @param reason the numbers behind the verdict as a sentence
 */
public record Answer(
        StudyFile.Question question,
        String claim,
        Verdict verdict,
        double difference,
        double low,
        double high,
        double p,
        String reason) {
    Answer withReason(String other) {
        return new Answer(question, claim, verdict, difference, low, high, p, other);
    }
}
