package dev.lockstep.evidence.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** {@code lockstep watch} of a folder, and requests by HTTP. */
final class PageServer {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Running running;
    private final String url;

    private PageServer(Running running, String url) {
        this.running = running;
        this.url = url;
    }

    /** Starts a server at a free port. */
    static PageServer start(Stage stage, Path runs, String log, String... options) throws IOException {
        Command command = stage.lockstep("watch", runs.toString()).with(options);
        Running running = stage.start(command, log);
        boolean up = Await.within(60_000, () -> url(running).isPresent() || !running.isAlive());
        return new PageServer(
                running,
                url(running)
                        .filter(found -> up)
                        .orElseThrow(() -> new IllegalStateException(
                                "no server: " + running.log().lastLine())));
    }

    private static Optional<String> url(Running running) {
        return running.log().lines().stream()
                .filter(line -> line.startsWith("http://"))
                .findFirst();
    }

    /** As it was printed, with the token if there is one. */
    String url() {
        return url;
    }

    /** {@code HOST:PORT}. */
    String authority() {
        return URI.create(url).getAuthority();
    }

    /** The launcher becomes the server's JVM. */
    Member process() {
        return running;
    }

    static String get(String address) throws IOException, InterruptedException {
        HttpResponse<String> response =
                CLIENT.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(address + ": HTTP status " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    static JsonNode json(String address) throws IOException, InterruptedException {
        return MAPPER.readTree(get(address).getBytes(StandardCharsets.UTF_8));
    }
}
