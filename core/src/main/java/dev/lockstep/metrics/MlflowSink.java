package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.recipe.RecipeDifference;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reports a run to an MLflow server by its REST interface: the recipe's keys as parameters, metrics in batches, and small
 * files of the run folder as artifacts. A thread of its own sends every few seconds; a server that is slow, gone or refuses
 * is one notice, and neither delays nor ends a run. A resumed run continues its MLflow run.
 */
public final class MlflowSink implements RunListener {
    /** In the run folder: which MLflow run this is. */
    public static final String NAME = "mlflow.json";

    private static final long EVERY_SECONDS = 5;
    private static final long CLOSING_SECONDS = 20;
    private static final int BATCH = 500;
    /** Steps that wait while the server is gone; later ones are dropped. */
    private static final int MOST_WAITING = 200_000;

    private static final int MOST_BYTES = 10_000;
    private static final int LONGEST_VALUE = 500;
    private static final List<String> ARTIFACTS = List.of(
            "recipe.yaml", Environment.NAME, RunResult.NAME, "report.html", MetricsFile.NAME, JournalEntry.NAME);

    private record Metric(String key, double value, long time, long step) {}

    private record Known(String uri, String experiment, String run, String artifacts) {}

    private final MlflowClient client;
    private final RunInfo run;
    private final Consumer<String> notices;
    private final ConcurrentLinkedQueue<Metric> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final ScheduledExecutorService sender = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "lockstep-mlflow");
        thread.setDaemon(true);
        return thread;
    });
    private volatile String status = "RUNNING";

    /** The rest belongs to the sender's thread. */
    private @Nullable Known known;

    private boolean failing;

    private MlflowSink(URI server, RunInfo run, Consumer<String> notices) {
        this.client = new MlflowClient(server, System.getenv());
        this.run = run;
        this.notices = notices;
    }

    /**
     * A factory for a server; rank 0 reports.
     *
     * @param server such as {@code http://localhost:5000}
     * @throws LockstepException of kind RECIPE when that is no address
     */
    public static RunListenerFactory to(String server) {
        URI uri = address(server);
        return (run, notices) -> {
            if (run.rank() != 0) {
                return Optional.empty();
            }
            MlflowSink sink = new MlflowSink(uri, run, notices);
            sink.sender.scheduleWithFixedDelay(sink::send, 0, EVERY_SECONDS, TimeUnit.SECONDS);
            return Optional.of(sink);
        };
    }

    private static URI address(String server) {
        try {
            URI uri = URI.create(server);
            if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) && uri.getHost() != null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // Reported below.
        }
        throw LockstepException.recipe(
                "not an address of an MLflow server", "mlflow = " + server, "give http://HOST:PORT");
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Step step) {
            onStep(step.metrics());
        } else if (event instanceof Event.Epoch epoch) {
            onEpoch(epoch.metrics());
        } else if (event instanceof Event.Finished finished) {
            status = finished.result().status() == RunResult.Status.COMPLETED ? "FINISHED" : "KILLED";
        } else if (event instanceof Event.Failed) {
            status = "FAILED";
        }
    }

    private void onStep(StepMetrics step) {
        add("train/loss", step.loss(), step.step());
        add("train/top1_error", step.top1Error(), step.step());
        add("train/learning_rate", step.learningRate(), step.step());
        add("train/images_per_second", step.imagesPerSecond(), step.step());
        add("train/noise_scale", step.noiseScale(), step.step());
        add("time/step_seconds", step.stepSeconds(), step.step());
    }

    private void onEpoch(EpochMetrics epoch) {
        add("epoch/train_loss", epoch.trainLoss(), epoch.step());
        add("epoch/train_top1_error", epoch.trainTop1Error(), epoch.step());
        add("validation/top1_error", epoch.validationTop1Error(), epoch.step());
        add("validation/top5_error", epoch.validationTop5Error(), epoch.step());
        add("validation/loss", epoch.validationLoss(), epoch.step());
        add("time/epoch_seconds", epoch.seconds(), epoch.step());
    }

    private void add(String key, double value, long step) {
        if (Double.isFinite(value) && count.get() < MOST_WAITING) {
            count.incrementAndGet();
            waiting.add(new Metric(key, value, System.currentTimeMillis(), step));
        }
    }

    private void send() {
        try {
            Known to = begin();
            // What arrives while a batch is on its way waits for the next time: else steps would be sent one by one.
            int sent = BATCH;
            while (sent == BATCH) {
                List<Metric> batch = batch();
                if (!batch.isEmpty()) {
                    client.post("runs/log-batch", metrics(to.run, batch));
                }
                batch.forEach(metric -> waiting.poll());
                count.addAndGet(-batch.size());
                sent = batch.size();
            }
            report("");
        } catch (IOException | RuntimeException e) {
            report(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The first of those that wait; they stay there until they have arrived. */
    private List<Metric> batch() {
        List<Metric> batch = new ArrayList<>();
        for (Metric metric : waiting) {
            if (batch.size() == BATCH) {
                break;
            }
            batch.add(metric);
        }
        return batch;
    }

    private static ObjectNode metrics(String run, List<Metric> batch) {
        ObjectNode body = Json.MAPPER.createObjectNode().put("run_id", run);
        ArrayNode metrics = body.putArray("metrics");
        batch.forEach(metric -> metrics.addObject()
                .put("key", metric.key)
                .put("value", metric.value)
                .put("timestamp", metric.time)
                .put("step", metric.step));
        return body;
    }

    /** The MLflow run of this folder, or a new one. */
    private Known begin() throws IOException, InterruptedException {
        Known already = known;
        if (already != null) {
            return already;
        }
        Known before = kept();
        if (before != null) {
            client.post(
                    "runs/update",
                    Json.MAPPER.createObjectNode().put("run_id", before.run).put("status", "RUNNING"));
            known = before;
            return before;
        }
        String experiment = client.experiment("lockstep");
        ObjectNode create = Json.MAPPER.createObjectNode().put("experiment_id", experiment);
        create.put("run_name", String.valueOf(run.folder().getFileName()));
        create.put("start_time", System.currentTimeMillis());
        ArrayNode tags = create.putArray("tags");
        tags.addObject().put("key", "lockstep.folder").put("value", run.folder().toString());
        tags.addObject().put("key", "lockstep.version").put("value", Environment.LOCKSTEP);
        JsonNode info = client.post("runs/create", create).path("run").path("info");
        Known made = new Known(
                client.uri(),
                experiment,
                info.path("run_id").asText(),
                info.path("artifact_uri").asText());
        client.post("runs/log-batch", parameters(made.run));
        DurableFiles.write(run.folder().resolve(NAME), Json.line(made) + "\n");
        known = made;
        return made;
    }

    private @Nullable Known kept() {
        Path file = run.folder().resolve(NAME);
        if (run.step() == 0 || !Files.exists(file)) {
            return null;
        }
        try {
            Known kept = Json.SNAKE_CASE.readValue(InputFile.bytes(file, MOST_BYTES), Known.class);
            return kept != null && client.uri().equals(kept.uri) ? kept : null;
        } catch (IOException e) {
            return null;
        }
    }

    private ObjectNode parameters(String id) {
        ObjectNode body = Json.MAPPER.createObjectNode().put("run_id", id);
        ArrayNode parameters = body.putArray("params");
        for (Map.Entry<String, String> key :
                RecipeDifference.values(run.recipe()).entrySet()) {
            String value = key.getValue();
            parameters
                    .addObject()
                    .put("key", key.getKey())
                    .put("value", value.length() <= LONGEST_VALUE ? value : value.substring(0, LONGEST_VALUE));
        }
        return body;
    }

    /** Sends what is left, the files and the end, and waits for that a while at most. */
    @Override
    public void close() {
        sender.execute(this::finish);
        sender.shutdown();
        try {
            if (!sender.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS)) {
                sender.shutdownNow();
            }
        } catch (InterruptedException e) {
            sender.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void finish() {
        send();
        Known to = known;
        if (to == null || failing) {
            return;
        }
        try {
            for (String name : ARTIFACTS) {
                Path file = run.folder().resolve(name);
                if (Files.isRegularFile(file)) {
                    client.upload(to.artifacts, file);
                }
            }
            client.post(
                    "runs/update",
                    Json.MAPPER
                            .createObjectNode()
                            .put("run_id", to.run)
                            .put("status", status)
                            .put("end_time", Instant.now().toEpochMilli()));
        } catch (IOException | RuntimeException e) {
            report(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @param problem empty when all has arrived */
    private void report(String problem) {
        if (!problem.isEmpty() && !failing) {
            notices.accept("warning: metrics do not reach MLflow: " + problem + ", mlflow = " + client.uri()
                    + "; training continues");
        } else if (problem.isEmpty() && failing) {
            notices.accept("metrics reach MLflow again");
        }
        failing = !problem.isEmpty();
    }
}
