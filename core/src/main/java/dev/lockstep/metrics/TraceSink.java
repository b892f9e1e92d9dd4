package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * {@code trace-rank-R.json}: what each lane of a process did in the first steps of a session, and when; for Perfetto or
 * Chrome's {@code about:tracing}. Every process writes its own.
 */
public final class TraceSink implements RunListener {
    /** The track of a timeline on which the state is copied for a checkpoint, which rank 0 then writes. */
    public static final String CHECKPOINT = "checkpoint";

    private final RunInfo run;
    private final Consumer<String> notices;
    private final int most;
    private final ObjectNode document = Json.MAPPER.createObjectNode().put("displayTimeUnit", "ms");
    private final ArrayNode events = document.putArray("traceEvents");
    private final Map<String, Integer> tracks = new LinkedHashMap<>();
    private final long origin = System.nanoTime();
    private int steps;
    private long last = -1;
    private long lastTraced = -1;
    /** Steps of the newest checkpoint that was copied, and of the newest that is on disk or has failed. */
    private long copied = -1;

    private long settled = -1;
    private boolean written;

    private TraceSink(RunInfo run, Consumer<String> notices, int most) {
        this.run = run;
        this.notices = notices;
        this.most = most;
        meta("process_name", 0, "rank " + run.rank());
    }

    /** @param steps to trace */
    public static RunListenerFactory of(int steps) {
        return (run, notices) -> Optional.of(new TraceSink(run, notices, steps));
    }

    @Override
    public void on(Event event) {
        if (written) {
            return;
        }
        if (event instanceof Event.Timeline timeline) {
            onTimeline(timeline);
        } else if (event instanceof Event.CheckpointSaved saved) {
            settled = saved.step();
        } else if (event instanceof Event.CheckpointFailed failed) {
            settled = failed.step();
        }
    }

    /** A step may have several; those of the checkpoint's writer come later. The trace waits for them. */
    private void onTimeline(Event.Timeline timeline) {
        if (timeline.step() > last) {
            if (steps >= most && copied <= settled) {
                write();
                return;
            }
            last = timeline.step();
            steps++;
        }
        if (steps <= most || timeline.step() <= lastTraced) {
            lastTraced = Math.max(lastTraced, timeline.step());
            timeline.spans().forEach(span -> span(span, timeline.step()));
            if (run.rank() == 0
                    && timeline.spans().stream().anyMatch(span -> span.track().equals(CHECKPOINT))) {
                copied = timeline.step();
            }
        }
    }

    private void span(Event.Span span, long step) {
        events.addObject()
                .put("name", span.name())
                .put("ph", "X")
                .put("ts", (span.start() - origin) / 1e3)
                .put("dur", (span.end() - span.start()) / 1e3)
                .put("pid", run.rank())
                .put("tid", track(span.track()))
                .putObject("args")
                .put("step", step);
    }

    private int track(String name) {
        Integer known = tracks.get(name);
        if (known != null) {
            return known;
        }
        int number = tracks.size() + 1;
        tracks.put(name, number);
        meta("thread_name", number, name);
        return number;
    }

    private void meta(String what, int track, String name) {
        ObjectNode event = events.addObject().put("name", what).put("ph", "M");
        event.put("pid", run.rank()).put("tid", track).putObject("args").put("name", name);
    }

    private void write() {
        written = true;
        String name = "trace-rank-" + run.rank() + ".json";
        try {
            DurableFiles.write(run.folder().resolve(name), document.toString());
            notices.accept("trace of " + Math.min(steps, most) + " steps, file = "
                    + run.folder().resolve(name) + "; open it in https://ui.perfetto.dev");
        } catch (IOException e) {
            notices.accept("warning: the trace cannot be written, file = "
                    + run.folder().resolve(name) + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        if (!written && steps > 0) {
            write();
        }
    }
}
