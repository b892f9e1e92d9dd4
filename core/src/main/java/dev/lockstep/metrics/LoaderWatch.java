package dev.lockstep.metrics;

import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Detects slow loading: the lanes have waited for images more than a tenth of the time, over ten seconds of
 * steps. Warns once. The first step of a session does not count, since nothing has been read ahead yet.
 */
public final class LoaderWatch implements RunListener {
    private static final double WINDOW_SECONDS = 10;
    private static final double MOST = 0.1;

    private final Consumer<String> notices;
    private boolean first = true;
    private boolean told;
    private double seconds;
    private double waited;

    LoaderWatch(Consumer<String> notices) {
        this.notices = notices;
    }

    /** Rank 0 watches its own loader. */
    public static final class Factory implements RunListenerFactory {
        @Override
        public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
            return run.rank() == 0 ? Optional.of(new LoaderWatch(notices)) : Optional.empty();
        }
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Step step) {
            onStep(step.metrics());
        }
    }

    private void onStep(StepMetrics step) {
        if (first || told) {
            first = false;
            return;
        }
        seconds += step.stepSeconds();
        waited += step.dataWaitSeconds();
        if (seconds < WINDOW_SECONDS) {
            return;
        }
        double share = waited / seconds;
        seconds = 0;
        waited = 0;
        told = share > MOST;
        if (told) {
            notices.accept(sentence(share));
        }
    }

    private static String sentence(double share) {
        return String.format(
                Locale.ROOT,
                "the loader is the bottleneck: lanes waited for images %.0f %% of the time; use more loader threads, or"
                        + " make the images smaller with 'lockstep data pack --short-side'",
                100 * share);
    }
}
