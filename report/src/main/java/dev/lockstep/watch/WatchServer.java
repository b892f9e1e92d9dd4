package dev.lockstep.watch;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Alert;
import dev.lockstep.report.Assets;
import dev.lockstep.report.FinerCurves;
import dev.lockstep.report.LivePage;
import dev.lockstep.report.RunListPage;
import dev.lockstep.report.RunPage;
import dev.lockstep.report.RunView;
import dev.lockstep.report.StudyProgressPage;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Serves pages about runs: {@code /}, {@code /run}, {@code /study}, what changes on them ({@code /events}), finer curves of
 * some steps ({@code /curves}), and {@code
 * /metrics} for Prometheus. It only reads.
 */
public final class WatchServer implements AutoCloseable {
    private static final long UPDATE_MILLIS = 1000;
    /** A page that is costly to make is made less often. */
    private static final long COST_FACTOR = 5;

    private static final long LOOK_MILLIS = 2000;

    private static final int MOST_LISTENERS = 64;
    private static final int MOST_COMPARED = 10;
    private static final int TITLE_ROOTS = 3;

    private static final Map<String, String> HEADERS = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri"
                    + " 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "X-Frame-Options",
            "DENY",
            "Referrer-Policy",
            "no-referrer",
            "Cross-Origin-Resource-Policy",
            "same-origin",
            "Cache-Control",
            "no-store");

    private final HttpServer server;
    private final ExecutorService threads;
    private final WatchedRuns runs;
    private final Access access;
    private final String title;
    private final String url;
    private final Semaphore listeners = new Semaphore(MOST_LISTENERS);
    private volatile boolean closed;

    private WatchServer(
            HttpServer server, ExecutorService threads, List<Path> roots, String host, Optional<String> token) {
        this.server = server;
        this.threads = threads;
        this.runs = new WatchedRuns(roots);
        this.access = new Access(server.getAddress(), host, token);
        this.title = "Runs in "
                + String.join(
                        ", ",
                        roots.stream().limit(TITLE_ROOTS).map(Path::toString).toList())
                + (roots.size() > TITLE_ROOTS ? " and others" : "");
        this.url = "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":"
                + server.getAddress().getPort() + "/"
                + token.map(secret -> "?token=" + secret).orElse("");
    }

    /**
     * Starts to serve.
     *
     * @param roots folders with runs, or of runs
     * @param host to listen on: a loopback address needs no token
     * @param port 0 for a free one
     * @throws LockstepException of kind RECIPE when the address cannot be used
     */
    public static WatchServer start(List<Path> roots, String host, int port) {
        return start(roots, host, port, Access::newToken);
    }

    /** With a given token, where one is needed: for tests. */
    static WatchServer start(List<Path> roots, String host, int port, Supplier<String> token) {
        AtomicInteger count = new AtomicInteger();
        ExecutorService threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "lockstep-watch-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        try {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(host), port);
            HttpServer server = HttpServer.create(address, 0);
            Optional<String> needed =
                    address.getAddress().isLoopbackAddress() ? Optional.empty() : Optional.of(token.get());
            WatchServer watch = new WatchServer(server, threads, roots, host, needed);
            server.setExecutor(threads);
            server.createContext("/", watch::handle);
            server.start();
            return watch;
        } catch (IOException e) {
            threads.shutdownNow();
            throw LockstepException.recipe(
                    "cannot listen: " + e.getMessage(),
                    "address = " + host + ":" + port,
                    "choose an address of this machine, and a free port");
        }
    }

    /**
     * From now on hands over alerts of all runs: those that they write, and that one shows no sign of life.
     *
     * @param sink receives the name of a run and the alert, in a thread of the server
     */
    public void alerts(BiConsumer<String, Alert> sink) {
        Sentinel sentinel = new Sentinel(sink, Instant.now());
        threads.execute(() -> {
            while (!closed) {
                synchronized (runs) {
                    sentinel.look(runs.all(), Instant.now());
                }
                try {
                    Thread.sleep(LOOK_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        });
    }

    /** To open in a browser; with the token, if one is needed. */
    public String url() {
        return url;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            switch (access.of(exchange)) {
                case ALLOWED -> route(exchange);
                case ALLOWED_ONCE -> {
                    exchange.getResponseHeaders().add("Set-Cookie", access.setCookie());
                    exchange.getResponseHeaders().add("Location", "/");
                    send(exchange, 303, "text/plain; charset=utf-8", "");
                }
                case NO_TOKEN -> plain(exchange, 403, "open the address that lockstep watch has printed");
                case WRONG_HOST -> plain(exchange, 421, "this server has another name");
                case WRONG_METHOD -> plain(exchange, 405, "this server can only be read");
            }
        } catch (RuntimeException e) {
            plain(exchange, 500, "cannot show this: " + e.getMessage());
        }
    }

    private void route(HttpExchange exchange) throws IOException {
        Query query = Query.of(exchange.getRequestURI());
        switch (exchange.getRequestURI().getPath()) {
            case "/" -> home(exchange);
            case "/run" -> run(exchange, query.all("run"));
            case "/study" -> study(exchange, query.first("study"));
            case "/events" -> events(exchange, query);
            case "/curves" -> curves(exchange, query);
            case "/metrics" -> send(exchange, 200, PrometheusText.TYPE, numbers());
            case "/page.css" -> send(exchange, 200, "text/css; charset=utf-8", Assets.style());
            case "/plots.js" -> send(exchange, 200, "text/javascript; charset=utf-8", Assets.plots());
            case "/page.js" -> send(exchange, 200, "text/javascript; charset=utf-8", Assets.script());
            case "/icon.svg", "/favicon.ico" -> send(exchange, 200, "image/svg+xml", Assets.ICON);
            default -> plain(exchange, 404, "there is no such page");
        }
    }

    private void home(HttpExchange exchange) throws IOException {
        Optional<String> only = runs.only();
        if (only.isPresent()) {
            run(exchange, List.of(only.get()));
        } else {
            html(exchange, list().html("/events?list"));
        }
    }

    private LivePage list() {
        return RunListPage.of(title, runs.glances(Instant.now()), runs.studies());
    }

    private void run(HttpExchange exchange, List<String> names) throws IOException {
        List<RunView> found = runs.named(names.stream().limit(MOST_COMPARED).toList());
        if (found.isEmpty()) {
            plain(exchange, 404, "there is no such run");
            return;
        }
        String query = exchange.getRequestURI().getRawQuery();
        boolean named = query != null && query.contains("run=");
        html(
                exchange,
                page(found)
                        .html(
                                named
                                        ? "/events?" + query
                                        : "/events?run="
                                                + Query.encoded(found.get(0).name())));
    }

    private LivePage page(List<RunView> found) {
        synchronized (runs) {
            return RunPage.live(found, Instant.now());
        }
    }

    /** The curves of some steps: {@code run}, {@code after} and {@code last} for each run. */
    private void curves(HttpExchange exchange, Query query) throws IOException {
        List<String> names = query.all("run").stream().limit(MOST_COMPARED).toList();
        List<Long> after = query.numbers("after");
        List<Long> last = query.numbers("last");
        List<RunView> found = runs.named(names);
        if (found.isEmpty() || found.size() != names.size()) {
            plain(exchange, 404, "there is no such run");
        } else if (after.size() != names.size() || last.size() != names.size()) {
            plain(exchange, 400, "each run needs its first and its last step");
        } else {
            FinerCurves finer;
            synchronized (runs) {
                finer = FinerCurves.of(
                        found,
                        IntStream.range(0, names.size())
                                .mapToObj(i -> new FinerCurves.Range(after.get(i), last.get(i)))
                                .toList());
            }
            send(exchange, 200, "application/json; charset=utf-8", finer.json());
        }
    }

    private String numbers() {
        synchronized (runs) {
            return PrometheusText.of(runs.all(), Instant.now());
        }
    }

    private void study(HttpExchange exchange, String name) throws IOException {
        Optional<Path> folder = runs.study(name);
        if (folder.isEmpty()) {
            plain(exchange, 404, "there is no such study");
            return;
        }
        html(exchange, study(folder.get()).html("/events?study=" + Query.encoded(name)));
    }

    private LivePage study(Path folder) {
        return StudyProgressPage.of(folder, runs::nameOf, Instant.now());
    }

    private Optional<LivePage> current(Query query) {
        if (query.values().containsKey("list")) {
            return Optional.of(list());
        }
        if (query.values().containsKey("study")) {
            return runs.study(query.first("study")).map(this::study);
        }
        List<RunView> found =
                runs.named(query.all("run").stream().limit(MOST_COMPARED).toList());
        return found.isEmpty() ? Optional.empty() : Optional.of(page(found));
    }

    /** Server-sent events: what has changed on a page, until the browser leaves. */
    private void events(HttpExchange exchange, Query query) throws IOException {
        if (!listeners.tryAcquire()) {
            plain(exchange, 503, "too many open pages");
            return;
        }
        try {
            Optional<LivePage> shown = current(query);
            if (shown.isEmpty()) {
                plain(exchange, 404, "there is no such run");
                return;
            }
            headers(exchange, "text/event-stream; charset=utf-8");
            exchange.sendResponseHeaders(200, 0);
            stream(exchange.getResponseBody(), query);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            listeners.release();
        }
    }

    private void stream(OutputStream out, Query query) throws IOException, InterruptedException {
        LivePage shown = LivePage.EMPTY;
        while (!closed) {
            long started = System.currentTimeMillis();
            Optional<LivePage> now = current(query);
            if (now.isPresent()) {
                Optional<String> change = now.get().since(shown);
                shown = now.get();
                // A comment keeps the connection open, and shows when the browser has gone.
                String event = change.map(json -> "event: update\ndata: " + json + "\n\n")
                        .orElse(": nothing new\n\n");
                out.write(event.getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
            long cost = System.currentTimeMillis() - started;
            Thread.sleep(Math.max(UPDATE_MILLIS, COST_FACTOR * cost));
        }
    }

    private static void html(HttpExchange exchange, String page) throws IOException {
        send(exchange, 200, "text/html; charset=utf-8", page);
    }

    private static void plain(HttpExchange exchange, int status, String text) throws IOException {
        send(exchange, status, "text/plain; charset=utf-8", text + "\n");
    }

    private static void headers(HttpExchange exchange, String type) {
        Headers headers = exchange.getResponseHeaders();
        HEADERS.forEach(headers::set);
        headers.set("Content-Type", type);
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        headers(exchange, type);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, head || bytes.length == 0 ? -1 : bytes.length);
        if (!head && bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
    }

    @Override
    public void close() {
        closed = true;
        server.stop(0);
        threads.shutdownNow();
    }
}
