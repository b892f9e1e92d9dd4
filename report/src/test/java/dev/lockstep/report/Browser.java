package dev.lockstep.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A headless Chromium, controlled through the DevTools protocol. */
public final class Browser implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long SECONDS = 60;

    private static final int SCREENSHOTS = 5;

    private final Process process;
    private final WebSocket socket;
    private volatile String origin = "file:";
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
    private final List<JsonNode> events = Collections.synchronizedList(new ArrayList<>());

    private Browser(Process process, URI page) {
        this.process = process;
        this.socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(page, new Receiver())
                .join();
    }

    public static Optional<Path> executable() {
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(System.getenv("PATH").split(":")).map(dir -> Path.of(dir, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    public static Browser start(Path executable, Path profile) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        executable.toString(),
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--no-first-run",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .start();
        BufferedReader output = process.inputReader();
        String line = output.readLine();
        while (line != null && !line.startsWith("DevTools listening on ws://")) {
            line = output.readLine();
        }
        if (line == null) {
            throw new IOException("Chromium ended before it listened, exit code " + process.waitFor());
        }
        Thread drain = new Thread(() -> drain(output));
        drain.setDaemon(true);
        drain.start();
        String host = URI.create(line.substring(line.indexOf("ws://"))).getAuthority();
        String pages = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://" + host + "/json/list"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        for (JsonNode page : JSON.readTree(pages)) {
            if (page.path("type").asText().equals("page")) {
                return new Browser(
                        process, URI.create(page.path("webSocketDebuggerUrl").asText()));
            }
        }
        throw new IOException("Chromium has no page: " + pages);
    }

    /** A full pipe would stop the browser. */
    private static void drain(BufferedReader output) {
        try {
            while (output.readLine() != null) {
                continue;
            }
        } catch (IOException e) {
            return;
        }
    }

    private final class Receiver implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                receive(text.toString());
                text.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }
    }

    private void receive(String message) {
        try {
            JsonNode node = JSON.readTree(message);
            CompletableFuture<JsonNode> call = calls.remove(node.path("id").asInt(-1));
            if (call != null) {
                call.complete(node);
            } else {
                events.add(node);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public JsonNode call(String method, Map<String, ?> parameters) {
        int id = ids.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        calls.put(id, answer);
        try {
            socket.sendText(JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true)
                    .get(SECONDS, TimeUnit.SECONDS);
            JsonNode node = answer.get(SECONDS, TimeUnit.SECONDS);
            if (node.has("error")) {
                throw new IllegalStateException(method + ": " + node.path("error"));
            }
            return node.path("result");
        } catch (Exception e) {
            throw new IllegalStateException(method + " failed", e);
        }
    }

    void open(Path page, int width, int height, boolean touch) throws InterruptedException {
        open(page.toUri(), width, height, touch);
    }

    public void size(int width, int height, boolean touch) {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", touch));
    }

    public void open(URI page, int width, int height, boolean touch) throws InterruptedException {
        for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
            call(domain + ".enable", Map.of());
        }
        size(width, height, touch);
        origin = page.getScheme().equals("http") ? "http://" + page.getAuthority() + "/" : "file:";
        call("Page.navigate", Map.of("url", page.toString()));
        for (int i = 0;
                i < 600
                        && !evaluate("document.readyState + !!document.querySelector('canvas')")
                                .asText()
                                .equals("completetrue");
                i++) {
            Thread.sleep(50);
        }
    }

    public JsonNode evaluate(String script) {
        return evaluate(script, false);
    }

    /** Waits for a promise. */
    public JsonNode evaluateLater(String script) {
        return evaluate(script, true);
    }

    private JsonNode evaluate(String script, boolean later) {
        JsonNode result =
                call("Runtime.evaluate", Map.of("expression", script, "returnByValue", true, "awaitPromise", later));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(script + ": " + result.path("exceptionDetails"));
        }
        return result.path("result").path("value");
    }

    public void mouse(String type, double x, double y) {
        call(
                "Input.dispatchMouseEvent",
                Map.of(
                        "type",
                        type,
                        "x",
                        x,
                        "y",
                        y,
                        "button",
                        type.equals("mouseMoved") ? "none" : "left",
                        "buttons",
                        type.equals("mouseReleased") ? 0 : 1,
                        "clickCount",
                        1));
    }

    /** Moves the pointer without a button pressed. */
    public void hover(double x, double y) {
        call("Input.dispatchMouseEvent", Map.of("type", "mouseMoved", "x", x, "y", y, "buttons", 0));
    }

    /** Errors on the page, and its network requests. */
    public List<String> complaints() {
        List<String> complaints = new ArrayList<>();
        for (JsonNode event : List.copyOf(events)) {
            String method = event.path("method").asText();
            String url = event.path("params").path("request").path("url").asText();
            boolean network =
                    method.equals("Network.requestWillBeSent") && !url.startsWith(origin) && !url.startsWith("data:");
            if (network || method.equals("Runtime.exceptionThrown") || method.equals("Log.entryAdded")) {
                complaints.add(event.toString());
            }
        }
        return complaints;
    }

    public void screenshot(Path file) throws IOException {
        // Laid out by then: a page that has just been loaded may have no width yet.
        evaluate("document.documentElement.getBoundingClientRect().width");
        for (int attempt = 1; ; attempt++) {
            try {
                String data = call("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true))
                        .path("data")
                        .asText();
                Files.write(file, Base64.getDecoder().decode(data));
                return;
            } catch (IllegalStateException e) {
                if (attempt == SCREENSHOTS) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void close() {
        socket.abort();
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }
}
