package dev.lockstep.metrics;

import dev.lockstep.text.Json;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A line of {@code events.jsonl}: what happened in a run besides its steps and epochs, and when. Every session of the
 * run appends to the file.
 *
 * @param type such as {@code started}, {@code checkpoint}, {@code audit}, {@code notice} or {@code alert}
 * @param time in milliseconds since 1970
 * @param step iterations done
 * @param text for people; empty if the type says it all
 * @param kind of an alert, by its {@link Alert.Kind}; empty for others
 * @param bytes of a checkpoint; 0 for others
 * @param processes after a process was lost or joined; 0 for others
 * @param start facts of a run that starts; null for others
 * @param workers the times of the processes; null for others
 */
public record JournalEntry(
        String type,
        long time,
        long step,
        String text,
        String kind,
        long bytes,
        int processes,
        @Nullable Start start,
        @Nullable WorkerTimes workers) {
    public static final String NAME = "events.jsonl";

    public static final String STARTED = "started";
    public static final String RESUMED = "resumed";
    public static final String CHECKPOINT = "checkpoint";
    public static final String CHECKPOINT_FAILED = "checkpoint-failed";
    public static final String AUDIT = "audit";
    public static final String MEMBER = "member";
    public static final String GROUP = "group";
    public static final String NOTICE = "notice";
    public static final String ALERT = "alert";
    public static final String WORKERS = "workers";
    public static final String FINISHED = "finished";
    public static final String FAILED = "failed";

    /** Files of other versions may lack some fields. */
    public JournalEntry {
        type = type == null ? "" : type;
        text = text == null ? "" : text;
        kind = kind == null ? "" : kind;
    }

    /**
     * The facts of {@link RunInfo} that the recipe does not have.
     *
     * @param pid of rank 0
     * @param host on which rank 0 runs
     */
    public record Start(
            int processes, int lanes, boolean bitwise, long parameters, int iterationsPerEpoch, long pid, String host) {
        public Start {
            host = host == null ? "" : host;
        }
    }

    static JournalEntry of(String type, Instant time, long step, String text) {
        return new JournalEntry(type, time.toEpochMilli(), step, text, "", 0, 0, null, null);
    }

    static JournalEntry of(Alert alert) {
        return new JournalEntry(
                ALERT,
                alert.time().toEpochMilli(),
                alert.step(),
                alert.text(),
                alert.kind().name(),
                0,
                0,
                null,
                null);
    }

    JournalEntry withBytes(long size) {
        return new JournalEntry(type, time, step, text, kind, size, processes, start, workers);
    }

    JournalEntry withProcesses(int count) {
        return new JournalEntry(type, time, step, text, kind, bytes, count, start, workers);
    }

    JournalEntry withStart(Start facts) {
        return new JournalEntry(type, time, step, text, kind, bytes, processes, facts, workers);
    }

    JournalEntry withWorkers(WorkerTimes times) {
        return new JournalEntry(type, time, step, text, kind, bytes, processes, start, times);
    }

    String line() {
        return Json.line(this);
    }

    /** Empty when the line is not one whole entry. */
    static Optional<JournalEntry> parse(byte[] line) {
        try {
            JournalEntry entry =
                    MetricsJson.reader().forType(JournalEntry.class).readValue(line);
            return entry == null || entry.type.isEmpty() ? Optional.empty() : Optional.of(entry);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
