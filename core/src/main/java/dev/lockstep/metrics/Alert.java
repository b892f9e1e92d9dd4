package dev.lockstep.metrics;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Something about a run that a person should know now.
 *
 * @param step iterations done
 * @param text one sentence with the numbers and the next thing to do
 */
public record Alert(Kind kind, Instant time, long step, String text) {
    public Alert {
        time = time.truncatedTo(ChronoUnit.MILLIS);
    }

    /** What happened. */
    public enum Kind {
        NOT_FINITE("not finite", true),
        LOSS_SPIKE("loss spike", false),
        STALL("stall", true),
        PROCESS_LOST("process lost", false),
        PROCESS_JOINED("process joined", false),
        CHECKPOINT_FAILING("checkpoint failing", true),
        DISK_LOW("disk low", true),
        NOISE_SCALE("noise scale", false);

        private final String title;
        private final boolean urgent;

        Kind(String title, boolean urgent) {
            this.title = title;
            this.urgent = urgent;
        }

        /** As people read it: {@code loss spike}. */
        public String title() {
            return title;
        }

        /** Whether the run is lost, or may be, unless somebody acts. */
        public boolean isUrgent() {
            return urgent;
        }
    }
}
