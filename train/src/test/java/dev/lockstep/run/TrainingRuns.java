package dev.lockstep.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.train.RunOptions;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Runs of {@link TestRuns}'s recipe in folders, and what they leave. */
final class TrainingRuns {
    static final RunOptions OPTIONS = RunOptions.defaults().withLanes(2).withBucketFloats(500);

    private static final ConcurrentMap<String, Left> UNINTERRUPTED = new ConcurrentHashMap<>();

    private TrainingRuns() {}

    /** A finished run: its result and its metrics without times. */
    record Left(RunResult result, List<String> metrics) {}

    static Left left(RunResult result, Path folder) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(MetricsFile.NAME))) {
            ObjectNode node = (ObjectNode) json.readTree(line);
            node.remove(List.of(
                    "images_per_second",
                    "step_seconds",
                    "data_wait_seconds",
                    "exposed_communication_seconds",
                    // Summed bucket by bucket: its last bits depend on the size of the buckets, which the weights do
                    // not.
                    "noise_scale",
                    "seconds"));
            lines.add(node.toString());
        }
        return new Left(result, lines);
    }

    static Training training(Recipe recipe, RunOptions options) {
        return training(recipe, TestRuns.data(recipe), options);
    }

    static Training training(Recipe recipe, OpenDataset data, RunOptions options) {
        return Training.create(recipe, Models::create, data, new SoloCollective())
                .options(options);
    }

    static RunResult run(Recipe recipe, Path folder, RunOptions options) {
        return training(recipe, options).resumeOrStart(folder);
    }

    static Left uninterrupted(Recipe recipe) {
        return UNINTERRUPTED.computeIfAbsent(recipe.toYaml(), key -> {
            try {
                Path folder = Files.createTempDirectory("uninterrupted");
                Left left = left(run(recipe, folder, OPTIONS), folder);
                delete(folder);
                return left;
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }

    static void assertSame(Left one, Left other) {
        assertThat(one.result.weightsSha256()).isEqualTo(other.result.weightsSha256());
        assertThat(one.metrics).isEqualTo(other.metrics);
        assertThat(one.result.steps()).isEqualTo(other.result.steps());
        assertThat(one.result.epochs()).isEqualTo(other.result.epochs());
        assertThat(one.result.status()).isEqualTo(other.result.status());
        assertThat(one.result.validationTop1Error()).isEqualTo(other.result.validationTop1Error());
        assertThat(one.result.medianLast5ValidationTop1Error())
                .isEqualTo(other.result.medianLast5ValidationTop1Error());
        assertThat(one.result.trainLoss()).isEqualTo(other.result.trainLoss());
    }

    static List<String> checkpoints(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("checkpoints"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("step-"))
                    .sorted()
                    .toList();
        }
    }

    static RunResult run(Recipe recipe, Path folder, RunOptions options, Consumer<StepMetrics> onStep) {
        return training(recipe, options)
                .listener(new Watching(onStep, new ArrayList<>()))
                .resumeOrStart(folder);
    }

    record Watching(Consumer<StepMetrics> onStep, List<String> notices) implements RunListener {
        @Override
        public void on(Event event) {
            if (event instanceof Event.Step step) {
                onStep.accept(step.metrics());
            } else if (event instanceof Event.Notice notice) {
                notices.add(notice.text());
            }
        }
    }

    /** Ends a run, as no exception of a listener can. */
    static final class Crash extends Error {
        Crash() {
            super("crash");
        }
    }
}
