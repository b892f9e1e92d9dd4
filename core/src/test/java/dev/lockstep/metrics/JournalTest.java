package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.recipe.RecipeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JournalTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private RunInfo run(long step) {
        return new RunInfo(
                folder,
                RecipeFile.parse(
                        "{name: x, epochs: 9, workers: 64, data: {dataset: 'synthetic'}, model: {name: resnet8}}",
                        "test",
                        Map.of()),
                List.of(),
                0,
                2,
                true,
                3,
                1000,
                100,
                0,
                step);
    }

    private JournalSink sink(long step) {
        return new JournalSink(run(step), notice -> {}, Clock.systemUTC());
    }

    private List<JournalEntry> entries() throws IOException {
        List<JournalEntry> entries = new ArrayList<>();
        RunTail.journal(folder).poll(entries::add);
        return entries;
    }

    private static WorkerTimes times() {
        return new WorkerTimes(
                20, 10, List.of(new WorkerTimes.Process(0, "here", 0, 1, 0.1, 0.08, 0, 0.01, 0.01, 0, List.of(0.08))));
    }

    @Test
    void journal_keepsEveryEventWithItsFacts() throws IOException {
        try (JournalSink sink = sink(0)) {
            sink.on(new Event.Started(run(0)));
            sink.on(new Event.Audit(10));
            sink.on(new Event.CheckpointSaved(
                    10, Files.writeString(folder.resolve("step-00000010.safetensors"), "12345")));
            sink.on(new Event.Notice("a \u001b[2J notice"));
            sink.on(new Event.Workers(times()));
            sink.on(new Event.Regrouped(21, 2, 1, "rank 1 was killed"));
        }
        List<JournalEntry> entries = entries();
        assertThat(entries)
                .extracting(JournalEntry::type)
                .containsExactly("started", "audit", "checkpoint", "notice", "workers", "alert", "group");
        assertThat(entries.get(0).start()).isNotNull();
        assertThat(entries.get(0).start().iterationsPerEpoch()).isEqualTo(100);
        assertThat(entries.get(2).bytes()).isEqualTo(5);
        assertThat(entries.get(3).text()).isEqualTo("a \\x1b[2J notice");
        assertThat(entries.get(4).workers()).isEqualTo(times());
        assertThat(entries.get(5).kind()).isEqualTo("PROCESS_LOST");
        assertThat(entries.get(6).processes()).isEqualTo(1);
    }

    @Test
    void journal_ofAResumedRun_isContinued_andOfANewOneBeginsAnew() throws IOException {
        sink(0).on(new Event.Audit(10));
        sink(10).on(new Event.Audit(20));
        assertThat(entries()).extracting(JournalEntry::step).containsExactly(10L, 20L);
        sink(0).on(new Event.Audit(30));
        assertThat(entries()).extracting(JournalEntry::step).containsExactly(30L);
    }

    @Test
    void tail_waitsForTheEndOfALine_andSeesThatTheFileWasCut() throws IOException {
        RunTail<Record> tail = RunTail.metrics(folder);
        List<Record> read = new ArrayList<>();
        assertThat(tail.poll(read::add)).isFalse();
        String line = MetricsJson.line(new StepMetrics(1, 0, 0.1, 2, 0.5, 100, 1, 0, 0, Double.NaN));
        Path file = Files.writeString(folder.resolve("metrics.jsonl"), line + "\n" + line.substring(0, 20));
        tail.poll(read::add);
        assertThat(read).hasSize(1);
        Files.writeString(file, line.substring(20) + "\nnonsense\n" + line + "\n", StandardOpenOption.APPEND);
        tail.poll(read::add);
        assertThat(read).hasSize(3);
        Files.writeString(file, line + "\n");
        assertThat(tail.poll(read::add)).isTrue();
        assertThat(read).hasSize(3);
        tail.poll(read::add);
        assertThat(read).hasSize(4);
    }

    @Test
    void tail_readsLinesLongerThanItsBuffer() throws IOException {
        String text = "x".repeat(1_000_000);
        Files.writeString(
                folder.resolve(JournalEntry.NAME),
                "{\"type\":\"notice\",\"time\":1,\"step\":2,\"text\":\"" + text + "\"}\n");
        assertThat(entries()).hasSize(1);
        assertThat(entries().get(0).text()).isEqualTo(text);
    }
}
