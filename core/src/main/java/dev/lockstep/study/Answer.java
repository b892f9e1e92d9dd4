package dev.lockstep.study;

/**
 * A question and its answer from the runs. Differences are fractions, not percentage points; NaN when they cannot be
 * determined.
 *
 * @param question the question
 * @param claim the question as a statement
 * @param verdict whether the runs support the claim
 * @param difference variant minus baseline; for curves the mean absolute difference
 * @param low lower end of the confidence interval of the difference, at confidence 1 − 2·level
 * @param high upper end of that interval
 * @param p the p-value of the test for "holds"
 * @param reason the numbers behind the verdict, as a sentence
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
