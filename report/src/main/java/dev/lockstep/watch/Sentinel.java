package dev.lockstep.watch;

import dev.lockstep.metrics.Alert;
import dev.lockstep.metrics.JournalEntry;
import dev.lockstep.report.RunView;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Looks at runs from outside: hands on the alerts that they write, and notices what a run cannot report itself, because its
 * process is gone.
 */
final class Sentinel {
    private final BiConsumer<String, Alert> sink;
    private final Map<Path, RunView.State> states = new HashMap<>();
    private final Map<Path, Long> seen = new HashMap<>();
    private final long started;

    /**
     * @param sink receives the name of the run and the alert
     * @param now alerts before are old
     */
    Sentinel(BiConsumer<String, Alert> sink, Instant now) {
        this.sink = sink;
        this.started = now.toEpochMilli();
    }

    void look(List<RunView> runs, Instant now) {
        for (RunView run : runs) {
            written(run);
            RunView.State is = run.state(now);
            RunView.State was = states.put(run.folder(), is);
            if (is == RunView.State.LOST && was == RunView.State.RUNNING) {
                sink.accept(
                        run.name(),
                        new Alert(
                                Alert.Kind.STALL,
                                now,
                                run.step(),
                                "no sign of life; look at its processes, the same command resumes it"));
            }
        }
    }

    private void written(RunView run) {
        long after = seen.getOrDefault(run.folder(), started);
        List<JournalEntry> alerts = run.alerts();
        for (int i = alerts.size() - 1; i >= 0; i--) {
            JournalEntry entry = alerts.get(i);
            if (entry.time() > after) {
                seen.put(run.folder(), entry.time());
                kind(entry.kind(), run, entry);
            }
        }
    }

    private void kind(String name, RunView run, JournalEntry entry) {
        for (Alert.Kind kind : Alert.Kind.values()) {
            if (kind.name().equals(name)) {
                sink.accept(
                        run.name(), new Alert(kind, Instant.ofEpochMilli(entry.time()), entry.step(), entry.text()));
            }
        }
    }
}
