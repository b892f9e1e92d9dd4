package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NotifierTest {
    private static final Alert ALERT =
            new Alert(Alert.Kind.STALL, Instant.parse("2026-01-01T00:00:00Z"), 7, "no step for 20 s");

    private final List<String> problems = new CopyOnWriteArrayList<>();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private void send(String target) {
        try (Notifier notifier = Notifier.to(target, problems::add, Duration.ofMillis(1))) {
            notifier.send("runs/one", ALERT);
        }
    }

    @Test
    void webhook_thatFailsAtFirst_isTriedAgain() throws IOException {
        List<String> bodies = new CopyOnWriteArrayList<>();
        AtomicInteger calls = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(calls.getAndIncrement() < 2 ? 503 : 204, -1);
            exchange.close();
        });
        server.start();
        try {
            send("http://127.0.0.1:" + server.getAddress().getPort() + "/hook");
        } finally {
            server.stop(0);
        }
        assertThat(bodies).hasSize(3);
        JsonNode body = Json.MAPPER.readTree(bodies.get(2));
        assertThat(body.path("text").asText()).isEqualTo("lockstep: runs/one: stall: no step for 20 s");
        assertThat(body.path("kind").asText()).isEqualTo("stall");
        assertThat(body.path("urgent").asBoolean()).isTrue();
        assertThat(body.path("step").asInt()).isEqualTo(7);
        assertThat(problems).isEmpty();
    }

    @Test
    void webhook_thatIsGone_isAWarning() throws IOException {
        int port;
        try (var socket = new java.net.ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        send("http://127.0.0.1:" + port + "/");
        assertThat(problems).hasSize(1);
        assertThat(problems.get(0)).startsWith("warning: an alert was not delivered, notify = http://127.0.0.1:");
    }

    @Test
    void command_getsTheSentenceAndTheJson() throws IOException {
        Path out = folder.resolve("out");
        send("cat > '" + out + "'; printf '%s' \"$LOCKSTEP_ALERT\" >> '" + out + "'");
        assertThat(Files.readString(out))
                .startsWith("{\"text\":")
                .endsWith("lockstep: runs/one: stall: no step for 20 s");
    }

    @Test
    void command_thatFails_isAWarning() {
        send("exit 3");
        assertThat(problems).containsExactly("warning: an alert was not delivered, notify = exit 3: exit status 3");
    }
}
