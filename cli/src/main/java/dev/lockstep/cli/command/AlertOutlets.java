package dev.lockstep.cli.command;

import dev.lockstep.cli.terminal.AlertLine;
import dev.lockstep.metrics.AlertListener;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.Notifier;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunListenerFactory;
import java.util.Optional;
import java.util.function.Consumer;

/** Shows the alerts of a run on the terminal, and sends them where the user wants; on rank 0. */
final class AlertOutlets implements RunListenerFactory {
    private final Optional<String> target;

    /** @param target see {@link Notifier#to} */
    AlertOutlets(Optional<String> target) {
        this.target = target;
    }

    @Override
    public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
        if (run.rank() != 0) {
            return Optional.empty();
        }
        Optional<Notifier> notifier = target.map(to -> Notifier.to(to, notices));
        AlertListener alerts = AlertListener.start(run, alert -> {
            // Not a notice: a run that hangs hands on no notices.
            AlertLine.print(alert);
            notifier.ifPresent(to -> to.send(run.folder().toString(), alert));
        });
        return Optional.of(new Outlet(alerts, notifier));
    }

    private record Outlet(AlertListener alerts, Optional<Notifier> notifier) implements RunListener {
        @Override
        public void on(Event event) {
            alerts.on(event);
        }

        @Override
        public void close() {
            alerts.close();
            notifier.ifPresent(Notifier::close);
        }
    }
}
