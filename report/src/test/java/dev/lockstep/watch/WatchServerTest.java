package dev.lockstep.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.report.LiveFolder;
import dev.lockstep.text.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WatchServerTest {
    private static final String TOKEN = "0123456789abcdef";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private LiveFolder run;

    @SuppressWarnings("NullAway.Init")
    private WatchServer server;

    @BeforeEach
    void start() throws IOException {
        run = new LiveFolder(folder.resolve("one"), "one", 0.1, 58, 1);
        run.start(2);
        run.steps(70);
        run.checkpoint();
        server = WatchServer.start(List.of(folder), "127.0.0.1", 0);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** A request as it is on the wire: a client library would not send a wrong Host. */
    private String ask(WatchServer of, String method, String path, String... headers) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", of.port())) {
            socket.setSoTimeout(20_000);
            OutputStream out = socket.getOutputStream();
            String lines = String.join("\r\n", headers);
            String host = lines.startsWith("Host:") ? "" : "Host: 127.0.0.1:" + of.port() + "\r\n";
            out.write((method + " " + path + " HTTP/1.1\r\n" + host + lines + (headers.length > 0 ? "\r\n" : "")
                            + "Connection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String get(String path, String... headers) throws IOException {
        return ask(server, "GET", path, headers);
    }

    @Test
    void page_isServedWithAStrictPolicy_andNothingFromElsewhere() throws IOException {
        String page = get("/");
        assertThat(page).startsWith("HTTP/1.1 200").contains("default-src 'none'; script-src 'self'", "70 of 580");
        assertThat(page).doesNotContain("unsafe", "//cdn", "style=\"", "onclick");
        assertThat(get("/page.js")).contains("EventSource");
        assertThat(get("/page.css")).contains("--paper");
    }

    @Test
    void otherNames_areRefused() throws IOException {
        assertThat(get("/", "Host: evil.example:" + server.port())).startsWith("HTTP/1.1 421");
        assertThat(get("/", "Host: evil.example")).startsWith("HTTP/1.1 421").doesNotContain("580");
        assertThat(get("/", "Host: localhost:9000")).startsWith("HTTP/1.1 200");
    }

    @Test
    void onlyReading_isAllowed_andOnlyOfRuns() throws IOException {
        assertThat(ask(server, "POST", "/")).startsWith("HTTP/1.1 405");
        assertThat(ask(server, "DELETE", "/run?run=one")).startsWith("HTTP/1.1 405");
        assertThat(get("/run?run=../one")).startsWith("HTTP/1.1 404");
        assertThat(get("/run?run=%2Fetc")).startsWith("HTTP/1.1 404");
        assertThat(get("/../../etc/passwd")).startsWith("HTTP/1.1 404");
    }

    @Test
    void everywhereButOnLoopback_aTokenIsNeeded() throws IOException {
        try (WatchServer open = WatchServer.start(List.of(folder), "0.0.0.0", 0, () -> TOKEN)) {
            assertThat(open.url()).endsWith("/?token=" + TOKEN);
            assertThat(ask(open, "GET", "/")).startsWith("HTTP/1.1 403").doesNotContain("580");
            assertThat(ask(open, "GET", "/metrics")).startsWith("HTTP/1.1 403");
            assertThat(ask(open, "GET", "/?token=" + TOKEN.substring(1))).startsWith("HTTP/1.1 403");
            String once = ask(open, "GET", "/?token=" + TOKEN);
            assertThat(once)
                    .startsWith("HTTP/1.1 303")
                    .containsIgnoringCase("HttpOnly; SameSite=Strict")
                    .contains("Location: /\r\n");
            assertThat(ask(open, "GET", "/", "Cookie: a=b; lockstep-watch=" + TOKEN))
                    .startsWith("HTTP/1.1 200");
            assertThat(ask(open, "GET", "/", "Cookie: lockstep-watch=" + TOKEN + "x"))
                    .startsWith("HTTP/1.1 403");
            assertThat(ask(open, "GET", "/metrics", "Authorization: Bearer " + TOKEN))
                    .startsWith("HTTP/1.1 200");
            assertThat(ask(open, "GET", "/", "Host: evil.example", "Cookie: lockstep-watch=" + TOKEN))
                    .startsWith("HTTP/1.1 421");
        }
    }

    @Test
    void events_sendOnlyWhatHasChanged() throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + "events?run=one"))
                .timeout(Duration.ofSeconds(20))
                .build();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                HttpClient.newHttpClient()
                        .send(request, HttpResponse.BodyHandlers.ofInputStream())
                        .body(),
                StandardCharsets.UTF_8))) {
            assertThat(nextUpdate(in)).contains("70 of 580", "\"loss\"", "\"learning-rate\"");
            run.event("notice", "something happened");
            assertThat(nextUpdateWith(in, "something happened")).doesNotContain("\"learning-rate\"");
        }
    }

    @Test
    void curves_ofSomeSteps_haveAPointForEach_atTheRightTime() throws IOException {
        run.steps(3930);
        JsonNode page = json(get("/").replaceFirst("(?s).*<script[^>]*id=\"figures\">", ""));
        assertThat(page.path("loss").path("series").path(0).path("step").size()).isLessThan(1025);
        JsonNode part = json(get("/curves?run=one&after=2000&last=2500"))
                .path("loss")
                .path("series")
                .path(0);
        JsonNode steps = part.path("step");
        assertThat(steps).hasSize(500);
        assertThat(steps.path(0).asInt()).isEqualTo(2001);
        assertThat(steps.path(499).asInt()).isEqualTo(2500);
        assertThat(part.has("low")).as("a point is one step").isFalse();
        JsonNode whole = page.path("loss").path("series").path(0);
        int same = indexOf(whole.path("step"), 2400);
        assertThat(part.path("time").path(399).asDouble())
                .isCloseTo(whole.path("time").path(same).asDouble(), within(0.01));
        assertThat(part.path("x").path(499).asDouble()).isCloseTo(2500 / 58.0, within(0.001));
    }

    @Test
    void curves_ofWhatIsNotThere_areRefused() throws IOException {
        assertThat(get("/curves?run=two&after=0&last=9")).startsWith("HTTP/1.1 404");
        assertThat(get("/curves?run=one&after=0")).startsWith("HTTP/1.1 400");
        assertThat(get("/curves?run=one&after=a&last=9")).startsWith("HTTP/1.1 400");
        assertThat(get("/curves?run=one&after=60&last=9")).startsWith("HTTP/1.1 200");
    }

    private static JsonNode json(String text) throws IOException {
        return Json.MAPPER.readTree(text.substring(text.indexOf('{')));
    }

    private static int indexOf(JsonNode numbers, int number) {
        for (int i = 0; i < numbers.size(); i++) {
            if (numbers.path(i).asInt() == number) {
                return i;
            }
        }
        throw new AssertionError(number + " is not there");
    }

    private static String nextUpdate(BufferedReader in) throws IOException {
        return in.lines().filter(line -> line.startsWith("data: ")).findFirst().orElseThrow();
    }

    private static String nextUpdateWith(BufferedReader in, String text) throws IOException {
        String update = nextUpdate(in);
        while (!update.contains(text)) {
            update = nextUpdate(in);
        }
        return update;
    }

    @Test
    void metrics_haveOneLinePerRunAndNumber() throws IOException {
        String text = get("/metrics");
        assertThat(text).contains("Content-type: text/plain; version=0.0.4");
        assertThat(text.lines().collect(Collectors.toList()))
                .contains(
                        "lockstep_step{run=\"one\"} 70.0",
                        "lockstep_total_steps{run=\"one\"} 580.0",
                        "lockstep_verified_step{run=\"one\"} 70.0",
                        "lockstep_processes{run=\"one\"} 2.0",
                        "lockstep_run_state{run=\"one\",state=\"running\"} 1",
                        "# TYPE lockstep_last_step_timestamp_seconds gauge");
        assertThat(text).containsPattern("lockstep_last_step_timestamp_seconds\\{run=\"one\"} [0-9.E]+");
    }
}
