package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TraceSinkTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private RunInfo run(int rank) {
        return new RunInfo(
                folder,
                RecipeFile.parse(
                        "{name: x, epochs: 9, workers: 2, data: {dataset: 'synthetic'}, model: {name: resnet8}}",
                        "test",
                        Map.of()),
                List.of(),
                rank,
                4,
                true,
                1,
                1,
                1,
                0,
                0);
    }

    @Test
    void trace_hasASpanPerWorker_andATrackPerLane() throws IOException {
        List<String> notices = new ArrayList<>();
        long now = System.nanoTime();
        RunListener sink = TraceSink.of(2).open(run(3), notices::add).orElseThrow();
        for (int step = 1; step <= 3; step++) {
            sink.on(new Event.Timeline(
                    step,
                    List.of(
                            new Event.Span("lane 0", "worker 6", now + 1_000_000, now + 3_000_000),
                            new Event.Span("lane 1", "worker 7", now + 1_000_000, now + 4_000_000))));
            sink.on(new Event.Timeline(step, List.of(new Event.Span("checkpoint", "copy", now, now + 10))));
        }
        sink.close();
        JsonNode events = Json.MAPPER
                .readTree(Files.readString(folder.resolve("trace-rank-3.json")))
                .path("traceEvents");
        List<JsonNode> spans = new ArrayList<>();
        events.forEach(event -> {
            if (event.path("ph").asText().equals("X")) {
                spans.add(event);
            }
        });
        assertThat(spans).as("two steps of the three").hasSize(6);
        assertThat(spans.get(1).path("name").asText()).isEqualTo("worker 7");
        assertThat(spans.get(1).path("dur").asDouble()).isEqualTo(3000);
        assertThat(spans.get(1).path("tid").asInt())
                .isNotEqualTo(spans.get(0).path("tid").asInt());
        assertThat(events.findValuesAsText("name")).contains("process_name", "thread_name", "lane 0", "rank 3");
        assertThat(notices).hasSize(1);
        assertThat(notices.get(0)).startsWith("trace of 2 steps, file = ");
    }

    @Test
    void trace_waitsForTheCheckpointThatIsBeingWritten() throws IOException {
        RunListener sink = TraceSink.of(1).open(run(0), text -> {}).orElseThrow();
        Path file = folder.resolve("trace-rank-0.json");
        sink.on(timeline(1, "lane 0", "worker 0"));
        sink.on(timeline(1, TraceSink.CHECKPOINT, "copy"));
        sink.on(timeline(2, "lane 0", "worker 0"));
        assertThat(file).doesNotExist();
        sink.on(timeline(1, "checkpoint writer", "write step 1"));
        sink.on(new Event.CheckpointSaved(1, folder.resolve("checkpoint")));
        sink.on(timeline(3, "lane 0", "worker 0"));
        assertThat(Files.readString(file))
                .contains("write step 1", "\"step\":1")
                .doesNotContain("\"step\":2", "\"step\":3");
    }

    private static Event timeline(long step, String track, String name) {
        return new Event.Timeline(step, List.of(new Event.Span(track, name, 1000, 2000)));
    }
}
