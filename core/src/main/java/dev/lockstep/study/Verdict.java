package dev.lockstep.study;

/** What the runs say of a question. */
public enum Verdict {
    /** Shown at the study's level. */
    HOLDS("holds"),
    /** The contrary is shown at the study's level. */
    DOES_NOT_HOLD("does not hold"),
    /** Neither is shown: the spread over the seeds is too large for the difference at hand, or there is one seed only. */
    NOT_ENOUGH_SEEDS("not enough seeds");

    private final String text;

    Verdict(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
