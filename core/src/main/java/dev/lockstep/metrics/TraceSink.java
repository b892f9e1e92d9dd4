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
    private final RunInfo run;
    private final Consumer<String> notices;
    private final int most;
    private final ObjectNode document = Json.MAPPER.createObjectNode().put("displayTimeUnit", "ms");
    private final ArrayNode events = document.putArray("traceEvents");
    private final Map<String, Integer> tracks = new LinkedHashMap<>();
    private final long origin = System.nanoTime();
    private int steps;
    private long last = -1;
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
            events.addObject()
                    .put("name", "checkpoint of step " + saved.step() + " is on disk")
                    .put("ph", "i")
                    .put("s", "p")
                    .put("ts", (System.nanoTime() - origin) / 1e3)
                    .put("pid", run.rank())
                    .put("tid", 0);
        }
    }

    /** A step may have several. */
    private void onTimeline(Event.Timeline timeline) {
        if (timeline.step() != last) {
            if (steps == most) {
                write();
                return;
            }
            last = timeline.step();
            steps++;
        }
        timeline.spans().forEach(span -> span(span, timeline.step()));
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
            notices.accept("trace of " + steps + " steps, file = "
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
