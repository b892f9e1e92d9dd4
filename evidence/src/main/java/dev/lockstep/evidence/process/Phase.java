package dev.lockstep.evidence.process;

import java.util.Locale;

/** A phase of a run, detected from its files and, for the evaluation, from a thread dump. */
public enum Phase {
    STEP {
        @Override
        public boolean await(RunFolder run, Member rank) {
            return run.awaitStep(3) && Await.closely(60_000, () -> !run.writing());
        }

        @Override
        public boolean wasHit(RunFolder run) {
            return !run.writing() && run.newest() < 7;
        }
    },
    EVALUATION {
        @Override
        public boolean await(RunFolder run, Member rank) {
            return run.awaitStep(8)
                    && Await.within(
                            10_000, () -> Jdk.jcmd(rank, "Thread.print").contains("dev.lockstep.train.Evaluator"));
        }

        @Override
        public boolean wasHit(RunFolder run) {
            return !run.evaluated();
        }
    },
    CHECKPOINT {
        @Override
        public boolean await(RunFolder run, Member rank) {
            return run.awaitStep(2) && Await.closely(10_000, run::writing);
        }

        @Override
        public boolean wasHit(RunFolder run) {
            return run.writing();
        }
    };

    /** Returns at the moment to send a signal; false if the phase does not occur. */
    public abstract boolean await(RunFolder run, Member rank);

    /** Whether the phase lasted until after the signal. */
    public abstract boolean wasHit(RunFolder run);

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
