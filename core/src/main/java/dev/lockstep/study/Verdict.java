package dev.lockstep.study;

/** The answer to a question. */
public enum Verdict {
    /** The claim is shown at the study's level. */
    HOLDS("holds"),
    /** The contrary is shown at the study's level. */
    DOES_NOT_HOLD("does not hold"),
    /**
     * Neither is shown, because the spread over the seeds is too large for the observed difference, or there is only
     * one seed.
     */
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
