package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a server that answers as MLflow 3 does; {@code MlflowServerIT} of the command line uses a real one. */
final class MlflowSinkTest {
    private record Call(String path, String body) {}

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private final List<String> notices = new CopyOnWriteArrayList<>();

    private volatile Runnable onBatch = () -> {};

    @SuppressWarnings("NullAway.Init")
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        Files.writeString(folder.resolve("recipe.yaml"), "name: x\n");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            calls.add(new Call(path, new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
            if (path.endsWith("runs/log-batch")) {
                onBatch.run();
            }
            boolean missing = path.endsWith("get-by-name");
            String answer = path.endsWith("experiments/create")
                    ? "{\"experiment_id\": \"7\"}"
                    : path.endsWith("runs/create")
                            ? "{\"run\": {\"info\": {\"run_id\": \"r1\", \"artifact_uri\":"
                                    + " \"mlflow-artifacts:/7/r1/artifacts\"}}}"
                            : "{}";
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(missing ? 404 : 200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private RunInfo run(long step) {
        return new RunInfo(
                folder,
                RecipeFile.parse(
                        "{name: x, epochs: 9, workers: 2, data: {dataset: 'synthetic'}, model: {name: resnet8}}",
                        "test",
                        Map.of()),
                List.of(),
                0,
                1,
                true,
                1,
                1,
                100,
                0,
                step);
    }

    private void train(String address, long from, int steps) {
        try (RunListener sink =
                MlflowSink.to(address).open(run(from), notices::add).orElseThrow()) {
            for (int i = 1; i <= steps; i++) {
                sink.on(new Event.Step(new StepMetrics(from + i, 0, 0.1, 2, 0.5, 100, 1, 0, 0, Double.NaN)));
            }
        }
    }

    private String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private List<JsonNode> bodies(String method) throws IOException {
        List<JsonNode> bodies = new ArrayList<>();
        for (Call call : calls) {
            if (call.path.endsWith(method)) {
                bodies.add(Json.MAPPER.readTree(call.body));
            }
        }
        return bodies;
    }

    @Test
    void run_isReportedOnceWithParametersMetricsAndFiles() throws IOException {
        train(address(), 0, 300);
        List<JsonNode> batches = bodies("runs/log-batch");
        assertThat(batches.get(0).path("params").toString()).contains("{\"key\":\"workers\",\"value\":\"2\"}");
        int metrics =
                batches.stream().mapToInt(batch -> batch.path("metrics").size()).sum();
        assertThat(metrics).as("five finite numbers per step").isEqualTo(1500);
        assertThat(batches)
                .allSatisfy(batch -> assertThat(batch.path("metrics").size()).isLessThanOrEqualTo(1000));
        assertThat(calls)
                .extracting(Call::path)
                .contains("/api/2.0/mlflow-artifacts/artifacts/7/r1/artifacts/recipe.yaml");
        assertThat(bodies("runs/update").get(0).path("run_id").asText()).isEqualTo("r1");
        assertThat(notices).isEmpty();
    }

    /** A step is faster than a request: it waits for the next batch. */
    @Test
    void stepsThatArriveWhileABatchIsSent_areNotSentOneByOne() throws IOException {
        try (RunListener sink =
                MlflowSink.to(address()).open(run(0), notices::add).orElseThrow()) {
            AtomicInteger steps = new AtomicInteger();
            onBatch = () -> {
                int step = steps.incrementAndGet();
                if (step < 100) {
                    sink.on(new Event.Step(new StepMetrics(step, 0, 0.1, 2, 0.5, 100, 1, 0, 0, Double.NaN)));
                }
            };
        }
        // Parameters, then those of the first time and of the last.
        assertThat(bodies("runs/log-batch")).hasSizeLessThanOrEqualTo(4);
    }

    @Test
    void resumedRun_continuesItsMlflowRun() throws IOException {
        train(address(), 0, 3);
        train(address(), 3, 3);
        assertThat(bodies("runs/create")).hasSize(1);
        assertThat(bodies("runs/update").get(1).path("status").asText()).isEqualTo("RUNNING");
    }

    @Test
    void serverThatIsGone_isOneNotice_andEndsNothing() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        train("http://127.0.0.1:" + port, 0, 3);
        assertThat(notices).hasSize(1);
        assertThat(notices.get(0)).contains("warning: metrics do not reach MLflow", "training continues");
    }

    @Test
    void addressThatIsNone_isAUserError() {
        assertThatThrownBy(() -> MlflowSink.to("localhost"))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("mlflow = localhost");
    }
}
