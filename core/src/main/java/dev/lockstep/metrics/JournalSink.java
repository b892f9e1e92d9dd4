package dev.lockstep.metrics;

import dev.lockstep.errors.Printable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * {@code events.jsonl}: checkpoints, audits, notices, alerts and the times of the processes, each with its time. {@code
 * lockstep watch} and the report read it. A run that resumes appends to it. Alerts may come from another thread than the run's.
 */
public final class JournalSink implements RunListener {
    private static final int LONGEST = 4000;
    /** Between two lines with the times of all workers. */
    private static final long WORKERS_MILLIS = 2000;

    private final MetricsStream out;
    private final Clock clock;
    private final AlertListener alerts;
    private long step;
    private long lastWorkers;

    /** Rank 0 writes the file into the run folder. */
    public static final class Factory implements RunListenerFactory {
        @Override
        public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
            return run.rank() == 0 ? Optional.of(new JournalSink(run, notices, Clock.systemUTC())) : Optional.empty();
        }
    }

    JournalSink(RunInfo run, Consumer<String> notices, Clock clock) {
        StandardOpenOption[] options = run.step() == 0
                ? new StandardOpenOption[] {StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING}
                : new StandardOpenOption[] {StandardOpenOption.CREATE};
        this.out = MetricsStream.open(run.folder().resolve(JournalEntry.NAME), System::nanoTime, notices, options);
        this.clock = clock;
        this.step = run.step();
        this.alerts = AlertListener.start(run, alert -> write(JournalEntry.of(alert)));
    }

    @Override
    public void on(Event event) {
        alerts.on(event);
        if (event instanceof Event.Step done) {
            step = done.metrics().step();
        } else if (event instanceof Event.Started started) {
            write(entry(JournalEntry.STARTED, "").withStart(start(started.run())));
        } else if (event instanceof Event.Resumed resumed) {
            step = resumed.step();
            write(entry(JournalEntry.RESUMED, ""));
        } else if (event instanceof Event.CheckpointSaved saved) {
            write(entry(
                            JournalEntry.CHECKPOINT,
                            saved.step(),
                            String.valueOf(saved.file().getFileName()))
                    .withBytes(size(saved.file())));
        } else if (event instanceof Event.CheckpointFailed failed) {
            write(entry(JournalEntry.CHECKPOINT_FAILED, failed.step(), failed.reason()));
        } else if (event instanceof Event.Audit audit) {
            write(entry(JournalEntry.AUDIT, audit.step(), ""));
        } else if (event instanceof Event.Workers workers) {
            onWorkers(workers.times());
        } else {
            onNews(event);
        }
    }

    private void onNews(Event event) {
        if (event instanceof Event.Notice notice) {
            write(entry(JournalEntry.NOTICE, notice.text()));
        } else if (event instanceof Event.Membership member) {
            write(entry(JournalEntry.MEMBER, "rank " + member.rank() + " on " + member.host() + " " + member.what()));
        } else if (event instanceof Event.Regrouped group) {
            write(entry(JournalEntry.GROUP, group.step(), group.reason()).withProcesses(group.processes()));
        } else if (event instanceof Event.Finished finished) {
            write(entry(JournalEntry.FINISHED, finished.result().status().name()));
        } else if (event instanceof Event.Failed failed) {
            write(entry(JournalEntry.FAILED, String.valueOf(failed.cause().getMessage())));
        }
    }

    private void onWorkers(WorkerTimes times) {
        Instant now = clock.instant();
        if (now.toEpochMilli() - lastWorkers >= WORKERS_MILLIS) {
            lastWorkers = now.toEpochMilli();
            write(entry(JournalEntry.WORKERS, times.step(), "").withWorkers(times));
        }
    }

    private static JournalEntry.Start start(RunInfo run) {
        return new JournalEntry.Start(
                run.processes(),
                run.lanes(),
                run.bitwise(),
                run.parameters(),
                run.iterationsPerEpoch(),
                ProcessHandle.current().pid(),
                host());
    }

    /** Without asking a name service, which may be slow. */
    private static String host() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "";
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }

    private JournalEntry entry(String type, String text) {
        return entry(type, step, text);
    }

    private JournalEntry entry(String type, long at, String text) {
        return JournalEntry.of(type, clock.instant(), at, Printable.of(text, LONGEST));
    }

    /** Every line is on disk at once: there are few, and each may be the last. */
    private synchronized void write(JournalEntry entry) {
        out.write((entry.line() + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    @Override
    public void close() {
        alerts.close();
        synchronized (this) {
            out.close();
        }
    }
}
