package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against an HTTPS server whose certificate only the file of the variable vouches for, as in a cluster. */
@Tag("slow")
@Timeout(60)
final class TrainerStatusSinkTest {
    private static final char[] PASSWORD = "password".toCharArray();
    private static final String PATH = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/n/trainjobs/t/status";
    private static final Duration OFTEN = Duration.ofMillis(20);

    private record Received(String method, String path, String authorization, String type, JsonNode body) {}

    @TempDir
    static Path keys;

    private static SSLContext context;

    @TempDir
    Path folder;

    private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();
    private final Map<String, String> environment = new HashMap<>();
    private HttpsServer server;
    private volatile int answer = 200;

    /** Java can read certificates but has no public way to make one. */
    @BeforeAll
    static void makeCertificate() throws Exception {
        Path store = keys.resolve("keys.p12");
        String tool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process process = new ProcessBuilder(
                        tool,
                        "-genkeypair",
                        "-alias",
                        "x",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=x",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        new String(PASSWORD))
                .inheritIO()
                .start();
        assertThat(process.waitFor()).isZero();
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            loaded.load(in, PASSWORD);
        }
        Files.writeString(
                keys.resolve("ca.crt"),
                "-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder()
                                .encodeToString(loaded.getCertificate("x").getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(loaded, PASSWORD);
        context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
    }

    @BeforeEach
    void startServer() throws IOException {
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", this::answer);
        server.start();
        environment.put(
                TrainerStatusSink.URL,
                "https://127.0.0.1:" + server.getAddress().getPort() + PATH);
        environment.put(TrainerStatusSink.CA, keys.resolve("ca.crt").toString());
        environment.put(TrainerStatusSink.TOKEN, token("first").toString());
    }

    @AfterEach
    void stopServer() {
        server.stop(0);
    }

    private Path token(String text) throws IOException {
        return Files.writeString(folder.resolve("token"), text + "\n");
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode body = Json.MAPPER.readTree(exchange.getRequestBody());
            byte[] reply = "{\"message\":\"as asked\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer, reply.length);
            exchange.getResponseBody().write(reply);
            received.add(new Received(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().getPath(),
                    exchange.getRequestHeaders().getFirst("Authorization"),
                    exchange.getRequestHeaders().getFirst("Content-Type"),
                    body));
        }
    }

    private static RunInfo run(long step) {
        Recipe recipe = RecipeFile.parse(
                "{name: x, epochs: 4, workers: 1, data: {dataset: 'synthetic:images=100'}, model: {name: resnet8}}",
                "test",
                Map.of());
        return new RunInfo(Path.of("runs"), recipe, List.of(), 0, 1, true, 1, 1, 100, 0, step);
    }

    private RunListener open(long step) {
        return TrainerStatusSink.open(environment, run(step), notices::add, OFTEN)
                .orElseThrow();
    }

    private JsonNode next() throws InterruptedException {
        return received.poll(20, TimeUnit.SECONDS).body.path("trainerStatus");
    }

    private static String metric(JsonNode status, String name) {
        for (JsonNode metric : status.path("metrics")) {
            if (metric.path("name").asText().equals(name)) {
                assertThat(metric.path("value").isTextual()).isTrue();
                return metric.path("value").asText();
            }
        }
        return "";
    }

    private static Event finished(RunResult.Status status) {
        return new Event.Finished(
                new RunResult(status, "", "", 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0), Double.NaN);
    }

    @Test
    void steps_areReportedAsTheProtocolHasIt() throws Exception {
        try (RunListener sink = open(0)) {
            Received first = received.poll(20, TimeUnit.SECONDS);
            assertThat(first.method).isEqualTo("POST");
            assertThat(first.path).isEqualTo(PATH);
            assertThat(first.authorization).isEqualTo("Bearer first");
            assertThat(first.type).isEqualTo("application/json");
            JsonNode start = first.body.path("trainerStatus");
            assertThat(start.path("progressPercentage").asInt()).isZero();
            assertThat(start.has("estimatedRemainingSeconds")).isFalse();
            assertThat(Instant.parse(start.path("lastUpdatedTime").asText())).isBeforeOrEqualTo(Instant.now());

            token("second");
            sink.on(new Event.Step(Samples.step(103, 1)));
            Received then = received.poll(20, TimeUnit.SECONDS);
            assertThat(then.authorization).isEqualTo("Bearer second");
            JsonNode status = then.body.path("trainerStatus");
            assertThat(status.path("progressPercentage").isInt()).isTrue();
            assertThat(status.path("progressPercentage").asInt()).isEqualTo(25);
            assertThat(status.path("estimatedRemainingSeconds").asInt()).isPositive();
            assertThat(metric(status, "step")).isEqualTo("103");
            assertThat(metric(status, "loss")).isEqualTo("1.27000");
            assertThat(metric(status, "validation_loss")).isEmpty();

            sink.on(new Event.Epoch(Samples.epoch(1, 200, 0.25)));
            JsonNode epoch = next();
            assertThat(metric(epoch, "validation_top1_error")).isEqualTo("0.250000");
            assertThat(metric(epoch, "validation_top5_error"))
                    .as("not a number")
                    .isEmpty();
        }
        assertThat(notices).isEmpty();
    }

    @Test
    void end_isReportedBeforeCloseReturns() {
        RunListener sink = open(390);
        sink.on(new Event.Step(Samples.step(400, 3)));
        sink.on(finished(RunResult.Status.COMPLETED));
        sink.close();
        List<Received> all = List.copyOf(received);
        JsonNode last = all.get(all.size() - 1).body.path("trainerStatus");
        assertThat(last.path("progressPercentage").asInt()).isEqualTo(100);
        assertThat(last.path("estimatedRemainingSeconds").asInt()).isZero();
        assertThat(notices).isEmpty();
    }

    @Test
    void interruptedRun_isNotComplete() {
        RunListener sink = open(0);
        sink.on(new Event.Step(Samples.step(399, 3)));
        sink.on(finished(RunResult.Status.INTERRUPTED));
        sink.close();
        List<Received> all = List.copyOf(received);
        JsonNode last = all.get(all.size() - 1).body.path("trainerStatus");
        assertThat(last.path("progressPercentage").asInt()).isEqualTo(99);
    }

    @Test
    void serverThatRefuses_isOneNotice_andOneWhenItTakesThemAgain() throws Exception {
        answer = 403;
        try (RunListener sink = open(0)) {
            assertThat(notices.poll(20, TimeUnit.SECONDS))
                    .startsWith("warning: progress does not reach Kubeflow Trainer: HTTP status 403: ")
                    .contains("as asked", environment.get(TrainerStatusSink.URL))
                    .endsWith("training continues");
            next();
            next();
            answer = 200;
            assertThat(notices.poll(20, TimeUnit.SECONDS)).isEqualTo("progress reaches Kubeflow Trainer again");
            sink.on(new Event.Step(Samples.step(1, 0)));
        }
        assertThat(notices).isEmpty();
    }

    @Test
    void serverThatAcceptsAndNeverAnswers_holdsUpNeitherStepsNorTheEndForLong() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            environment.put(TrainerStatusSink.URL, "https://127.0.0.1:" + silent.getLocalPort() + PATH);
            long start = System.nanoTime();
            RunListener sink = open(0);
            for (int step = 1; step <= 100_000; step++) {
                sink.on(new Event.Step(Samples.step(step, 0)));
            }
            sink.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        }
    }

    @Test
    void serverWithAnotherCertificate_isNotTrusted() throws Exception {
        environment.put(
                TrainerStatusSink.CA,
                Files.writeString(folder.resolve("empty.crt"), "").toString());
        try (RunListener sink = open(0)) {
            assertThat(notices.poll(20, TimeUnit.SECONDS))
                    .startsWith("warning: progress does not reach Kubeflow Trainer");
            sink.on(new Event.Step(Samples.step(1, 0)));
        }
        assertThat(received).isEmpty();
    }

    @Test
    void variables_decideWhetherThereIsAListener() {
        assertThat(TrainerStatusSink.open(Map.of(), run(0), notices::add, OFTEN))
                .isEmpty();
        assertThat(notices).isEmpty();
        environment.remove(TrainerStatusSink.TOKEN);
        assertThat(TrainerStatusSink.open(environment, run(0), notices::add, OFTEN))
                .isEmpty();
        assertThat(notices)
                .singleElement()
                .asString()
                .contains("KUBEFLOW_TRAINER_SERVER_URL is set but KUBEFLOW_TRAINER_SERVER_TOKEN is not");
    }
}
