package dev.lockstep.metrics;

import java.util.Locale;
import java.util.Optional;

/**
 * Notices when images come too slowly: when over ten seconds of steps the lanes waited for them more than a tenth of the
 * time. Says so once. The first step of a session does not count: nothing has been read ahead yet.
 */
public final class LoaderWatch {
    private static final double WINDOW_SECONDS = 10;
    private static final double MOST = 0.1;

    private boolean first = true;
    private boolean told;
    private double seconds;
    private double waited;

    /** Takes the next step; a sentence for the person who watches, where there is one to say. */
    public Optional<String> onStep(StepMetrics step) {
        if (first || told) {
            first = false;
            return Optional.empty();
        }
        seconds += step.stepSeconds();
        waited += step.dataWaitSeconds();
        if (seconds < WINDOW_SECONDS) {
            return Optional.empty();
        }
        double share = waited / seconds;
        seconds = 0;
        waited = 0;
        told = share > MOST;
        return told ? Optional.of(sentence(share)) : Optional.empty();
    }

    private static String sentence(double share) {
        return String.format(
                Locale.ROOT,
                "the loader is the bottleneck: lanes waited for images %.0f %% of the time; give it more --loader-threads, or"
                        + " make the images smaller with 'lockstep data pack --short-side'",
                100 * share);
    }
}
