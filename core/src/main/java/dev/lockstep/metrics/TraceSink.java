package dev.lockstep.metrics;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.text.Json;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
    /** Spans are 40 bytes, the JSON of one would be hundreds: it is made when the trace is written. */
    private final List<Event.Timeline> kept = new ArrayList<>();

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
            kept.add(timeline);
            if (run.rank() == 0
                    && timeline.spans().stream().anyMatch(span -> span.track().equals(CHECKPOINT))) {
                copied = timeline.step();
            }
        }
    }

    private void writeTo(Path file) throws IOException {
        DurableFiles.write(file, channel -> {
            Map<String, Integer> tracks = new LinkedHashMap<>();
            try (JsonGenerator json =
                    Json.MAPPER.createGenerator(new BufferedOutputStream(Channels.newOutputStream(channel)))) {
                // The channel is synced afterwards.
                json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
                json.writeStartObject();
                json.writeStringField("displayTimeUnit", "ms");
                json.writeArrayFieldStart("traceEvents");
                meta(json, "process_name", 0, "rank " + run.rank());
                for (Event.Timeline timeline : kept) {
                    for (Event.Span span : timeline.spans()) {
                        if (!tracks.containsKey(span.track())) {
                            tracks.put(span.track(), tracks.size() + 1);
                            meta(json, "thread_name", tracks.size(), span.track());
                        }
                        span(json, span, Objects.requireNonNull(tracks.get(span.track())), timeline.step());
                    }
                }
                json.writeEndArray();
                json.writeEndObject();
            }
        });
    }

    private void span(JsonGenerator json, Event.Span span, int track, long step) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", span.name());
        json.writeStringField("ph", "X");
        json.writeNumberField("ts", (span.start() - origin) / 1e3);
        json.writeNumberField("dur", (span.end() - span.start()) / 1e3);
        json.writeNumberField("pid", run.rank());
        json.writeNumberField("tid", track);
        json.writeObjectFieldStart("args");
        json.writeNumberField("step", step);
        json.writeEndObject();
        json.writeEndObject();
    }

    private void meta(JsonGenerator json, String what, int track, String name) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", what);
        json.writeStringField("ph", "M");
        json.writeNumberField("pid", run.rank());
        json.writeNumberField("tid", track);
        json.writeObjectFieldStart("args");
        json.writeStringField("name", name);
        json.writeEndObject();
        json.writeEndObject();
    }

    private void write() {
        written = true;
        String name = "trace-rank-" + run.rank() + ".json";
        try {
            writeTo(run.folder().resolve(name));
            kept.clear();
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
