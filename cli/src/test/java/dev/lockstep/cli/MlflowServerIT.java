package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.cli.command.TinyStudy;
import dev.lockstep.launch.ChildJvm;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real MLflow server has received; skipped where there is none ({@code pip install mlflow}). */
final class MlflowServerIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();

    private static Optional<Path> executable() {
        return Stream.of(System.getenv("PATH").split(":"))
                .map(dir -> Path.of(dir, "mlflow"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private Process server(Path executable, int port) throws IOException {
        return new ProcessBuilder(
                        executable.toString(),
                        "server",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        Integer.toString(port),
                        "--workers",
                        "1",
                        "--backend-store-uri",
                        "sqlite:///" + folder.resolve("mlflow.db"),
                        "--artifacts-destination",
                        folder.resolve("artifacts").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("mlflow.log").toFile())
                .start();
    }

    private String get(String address) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private void awaitHealth(String address) throws InterruptedException {
        for (int i = 0; i < 240; i++) {
            try {
                if (get(address + "/health").equals("OK")) {
                    return;
                }
            } catch (IOException e) {
                // Not yet.
            }
            Thread.sleep(250);
        }
        throw new AssertionError("MLflow does not answer");
    }

    @Test
    void run_arrivesWithParametersMetricsAndFiles() throws Exception {
        Optional<Path> mlflow = executable();
        Assumptions.assumeTrue(mlflow.isPresent(), "no MLflow found: pip install mlflow");
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        String address = "http://127.0.0.1:" + port;
        Process server = server(mlflow.get(), port);
        try {
            awaitHealth(address);
            train(address);
            HttpRequest search = HttpRequest.newBuilder(URI.create(address + "/api/2.0/mlflow/runs/search"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"experiment_ids\":[\"1\"]}"))
                    .build();
            JsonNode runs = Json.MAPPER
                    .readTree(client.send(search, HttpResponse.BodyHandlers.ofString())
                            .body())
                    .path("runs");
            assertThat(runs).hasSize(1);
            JsonNode run = runs.path(0);
            assertThat(run.path("info").path("status").asText()).isEqualTo("FINISHED");
            assertThat(run.path("data").path("params").toString()).contains("\"key\":\"workers\"");
            assertThat(run.path("data").path("metrics").findValuesAsText("key"))
                    .contains("train/loss", "validation/top1_error");
            String id = run.path("info").path("run_id").asText();
            assertThat(get(address + "/api/2.0/mlflow/artifacts/list?run_id=" + id))
                    .contains("recipe.yaml", "metrics.jsonl");
        } finally {
            server.descendants().forEach(ProcessHandle::destroyForcibly);
            server.destroyForcibly();
        }
    }

    private void train(String address) throws IOException, InterruptedException {
        TinyStudy.write(folder);
        Process process = ChildJvm.of(
                        Main.class.getName(),
                        List.of(
                                "train",
                                folder.resolve("tiny.yaml").toString(),
                                "--out",
                                folder.resolve("run").toString(),
                                "--mlflow",
                                address))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("log")))
                .isZero();
    }
}
