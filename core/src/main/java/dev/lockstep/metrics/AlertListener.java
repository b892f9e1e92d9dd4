package dev.lockstep.metrics;

import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Applies {@link Alerts} to a run: its events, and a clock of its own, because a run that hangs has no events. */
public final class AlertListener implements RunListener {
    private final Alerts alerts;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "lockstep-alerts");
        thread.setDaemon(true);
        return thread;
    });

    private AlertListener(Alerts alerts) {
        this.alerts = alerts;
    }

    /** @param sink receives alerts, in the run's thread or in that of the clock; must not block */
    public static AlertListener start(RunInfo run, Consumer<Alert> sink) {
        AlertListener listener = new AlertListener(new Alerts(run, Alerts.usable(run.folder()), sink));
        var unused =
                listener.clock.scheduleAtFixedRate(() -> listener.alerts.tick(Instant.now()), 1, 1, TimeUnit.SECONDS);
        return listener;
    }

    @Override
    public void on(Event event) {
        alerts.on(event, Instant.now());
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
