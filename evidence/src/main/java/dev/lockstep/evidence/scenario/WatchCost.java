package dev.lockstep.evidence.scenario;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What it costs to watch. Two runs of one recipe go on in turns of seconds, the other one stopped by a signal: one plain, and one
 * that serves its page to an open connection and its numbers every second, writes a trace, and reports to an MLflow server and a
 * webhook. And the memory of a server whose runs grow.
 */
final class WatchCost {
    private static final int TURNS = 24;
    private static final int TURN_MILLIS = 10_000;
    /** More than the runs make. A trace has no more. */
    private static final int LONG = 10_000;

    private static final int EVENTS = 100_000;
    private static final int CHUNKS = 20;
    private static final double MOST_MIB = 2;

    private final Stage stage;

    private WatchCost(Stage stage) {
        this.stage = stage;
    }

    static void play(Stage stage, Settings settings) {
        WatchCost cost = new WatchCost(stage);
        stage.check(
                "a step with everything on, " + TURNS + " turns of " + TURN_MILLIS / 1000 + " s each",
                "the ratios of medians and of means are below 1.01; everything arrives",
                cost::steps);
        stage.check(
                "memory of the server, " + String.format(Locale.ROOT, "%,d", EVENTS) + " steps and as many events",
                "after collection within " + MOST_MIB + " MiB of what it was after the first twentieth",
                cost::memory);
    }

    private void steps(Case claims) throws Exception {
        AtomicInteger received = new AtomicInteger();
        AtomicInteger scraped = new AtomicInteger();
        AtomicInteger streamed = new AtomicInteger();
        HttpServer hook = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        hook.createContext("/", exchange -> answer(exchange, received));
        hook.start();
        var threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "watching");
            thread.setDaemon(true);
            return thread;
        });
        try {
            String other = "http://127.0.0.1:" + hook.getAddress().getPort();
            InTurns.Side plain = side("plain");
            InTurns.Side watched = side(
                    "watched",
                    "--watch",
                    "--trace",
                    Integer.toString(LONG),
                    "--mlflow",
                    other,
                    "--notify",
                    other + "/hook");
            claims.claim(
                    Await.within(60_000, () -> watched.process().log().says("http://[0-9.:]+/")),
                    "no address: " + watched.process().log().lastLine());
            String url = watched.process().log().lines().stream()
                    .filter(line -> line.matches(".*http://[0-9.]+:[0-9]+/.*"))
                    .findFirst()
                    .orElse("")
                    .replaceAll(".*(http://[0-9.]+:[0-9]+/).*", "$1");
            threads.execute(() -> scrape(url, scraped));
            threads.execute(() -> listen(url, watched.run().path().getFileName().toString(), streamed));
            plain.warmUp(claims);
            watched.warmUp(claims);
            InTurns compared = new InTurns(TURNS, TURN_MILLIS);
            compared.compare(claims, plain, watched);
            compared.claim(claims, 1.01);
            claims.claim(compared.ofMeans() < 1.01, "ratio of the means = " + compared.ofMeans());
            claims.claim(
                    scraped.get() > TURNS && streamed.get() > TURNS,
                    "scrapes: " + scraped + ", updates of the page: " + streamed);
            claims.claim(received.get() > 5, "requests to MLflow and the webhook: " + received);
            claims.figure("scrapes", scraped.get());
            claims.figure("updates of the page", streamed.get());
            claims.figure("requests to MLflow", received.get());
        } finally {
            threads.shutdownNow();
            hook.stop(0);
        }
    }

    private InTurns.Side side(String name, String... options) throws IOException {
        RunFolder run = stage.run(name);
        return new InTurns.Side(
                run,
                stage.start(
                        stage.train(
                                        "fashion-mnist.yaml",
                                        run,
                                        "--set",
                                        "data.dataset=synthetic:images=51200,validation=512,shape=1x28x28,classes=10",
                                        "--set",
                                        "epochs=1000",
                                        "--set",
                                        "learning-rate.schedule.epochs=[900]",
                                        "--checkpoint-every",
                                        "100",
                                        "--stop-after",
                                        Integer.toString(LONG))
                                .with(options),
                        name + ".log"));
    }

    private static void answer(HttpExchange exchange, AtomicInteger received) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            String path = exchange.getRequestURI().getPath();
            String text = path.endsWith("experiments/create")
                    ? "{\"experiment_id\": \"7\"}"
                    : path.endsWith("runs/create")
                            ? "{\"run\": {\"info\": {\"run_id\": \"r1\", \"artifact_uri\": \"mlflow-artifacts:/7/r1/artifacts\"}}}"
                            : "{}";
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(path.endsWith("get-by-name") ? 404 : 200, bytes.length);
            exchange.getResponseBody().write(bytes);
            received.incrementAndGet();
        }
    }

    private static void scrape(String url, AtomicInteger count) {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                PageServer.get(url + "metrics");
                count.incrementAndGet();
                Thread.sleep(1000);
            } catch (IOException e) {
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Keeps a page open; again from the start while the server does not have the run yet. */
    private static void listen(String url, String run, AtomicInteger updates) {
        while (!Thread.currentThread().isInterrupted()) {
            try (InputStream events =
                    URI.create(url + "events?run=" + run).toURL().openStream()) {
                byte[] buffer = new byte[1 << 16];
                for (int n = events.read(buffer); n >= 0; n = events.read(buffer)) {
                    String text = new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
                    updates.addAndGet(text.contains("event:") ? 1 : 0);
                }
            } catch (IOException e) {
                // The run has not begun, or has ended.
            }
            try {
                Thread.sleep(500);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void memory(Case claims) throws Exception {
        Path runs = Files.createDirectories(stage.path("growing"));
        RunFolder run = new RunFolder(runs.resolve("one"));
        stage.require(
                stage.train(
                        "fashion-mnist.yaml",
                        run,
                        "--set",
                        "data.dataset=synthetic:images=6400,validation=512,shape=1x8x8,classes=10",
                        "--set",
                        "images-per-worker=8",
                        "--stop-after",
                        "20"),
                "growing.log");
        PageServer server = PageServer.start(stage, runs, "growing-watch.log");
        AtomicInteger updates = new AtomicInteger();
        Thread listener = new Thread(() -> listen(server.url(), "one", updates), "watching");
        listener.setDaemon(true);
        listener.start();
        String step = last(run.path().resolve("metrics.jsonl"), "step");
        String event = last(run.path().resolve("events.jsonl"), "checkpoint");
        List<Double> mebibytes = new ArrayList<>();
        for (int chunk = 1; chunk <= CHUNKS; chunk++) {
            int first = 20 + (chunk - 1) * EVENTS / CHUNKS;
            append(run.path().resolve("metrics.jsonl"), step, first);
            append(run.path().resolve("events.jsonl"), event, first);
            String line = "lockstep_step{run=\"one\"} " + (first + EVENTS / CHUNKS);
            claims.claim(
                    Await.within(30_000, () -> metrics(server).contains(line)), "the server does not show: " + line);
            int before = updates.get();
            claims.claim(Await.within(30_000, () -> updates.get() > before), "no update of the page");
            mebibytes.add(heap(server.process()));
        }
        double growth = mebibytes.get(CHUNKS - 1) - mebibytes.get(0);
        claims.claim(growth <= MOST_MIB, "heap, MiB: " + mebibytes);
        claims.figure("heap after a twentieth, MiB", String.format(Locale.ROOT, "%.1f", mebibytes.get(0)));
        claims.figure("heap at the end, MiB", String.format(Locale.ROOT, "%.1f", mebibytes.get(CHUNKS - 1)));
        claims.figure("updates of the page", updates.get());
    }

    private static String metrics(PageServer server) {
        try {
            return PageServer.get(server.url() + "metrics");
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private static String last(Path file, String type) throws IOException {
        return Files.readAllLines(file).stream()
                .filter(line -> line.contains("\"type\":\"" + type + "\""))
                .reduce("", (a, b) -> b);
    }

    private static void append(Path file, String line, int first) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= EVENTS / CHUNKS; i++) {
            text.append(line.replaceFirst("\"step\":[0-9]+", "\"step\":" + (first + i)))
                    .append('\n');
        }
        Files.writeString(file, text, StandardOpenOption.APPEND);
    }

    /** What the objects of a JVM take after a collection. */
    private static double heap(Member jvm) {
        String histogram = Jdk.jcmd(jvm, "GC.class_histogram").strip();
        String total = histogram.substring(histogram.lastIndexOf('\n') + 1);
        return Double.parseDouble(total.strip().split(" +")[2]) / (1 << 20);
    }
}
