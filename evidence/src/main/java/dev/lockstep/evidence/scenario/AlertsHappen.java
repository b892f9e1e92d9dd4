package dev.lockstep.evidence.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Log;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.SmallDisk;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Each alert, made to happen in a real run, and looked for in each place: the terminal, the run folder, the page, a webhook that
 * refuses each first request, and a command of {@code lockstep watch}.
 */
final class AlertsHappen implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String EXPECTED =
            "on the terminal, in events.jsonl, on the page, at the webhook, and by a command";
    private static final int TERMINATED = 143;
    /** A disk on which two checkpoints of 9.5 MB fit. */
    private static final int MEBIBYTES = 24;

    private final Stage stage;
    private final HttpServer hook;
    private final List<JsonNode> posted = new CopyOnWriteArrayList<>();
    private final List<JsonNode> refused = new CopyOnWriteArrayList<>();

    private AlertsHappen(Stage stage) throws IOException {
        this.stage = stage;
        hook = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        hook.createContext("/", this::take);
        hook.start();
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode body = MAPPER.readTree(exchange.getRequestBody().readAllBytes());
            boolean first = !refused.contains(body);
            (first ? refused : posted).add(body);
            exchange.sendResponseHeaders(first ? 503 : 204, -1);
        }
    }

    @Override
    public void close() {
        hook.stop(0);
    }

    static void play(Stage stage, Settings settings) throws Exception {
        try (AlertsHappen alerts = new AlertsHappen(stage)) {
            alerts.ends("not finite", "NOT_FINITE", "a rate of 1,000,000", 5, "--set", "learning-rate.reference=1e6");
            alerts.ends(
                    "loss spike",
                    "LOSS_SPIKE",
                    "a rate that rises to 20 in two epochs",
                    5,
                    "--set",
                    "learning-rate.reference=20",
                    "--set",
                    "learning-rate.warmup.epochs=2",
                    "--set",
                    "learning-rate.schedule.epochs=[3]");
            alerts.ends(
                    "noise scale",
                    "NOISE_SCALE",
                    "64 workers where a few would do",
                    0,
                    "--set",
                    "workers=64",
                    "--set",
                    "epochs=30",
                    "--set",
                    "learning-rate.schedule.epochs=[29]",
                    "--stop-after",
                    "80");
            alerts.stall();
            alerts.processes();
            alerts.disk();
        }
    }

    /** A run of small synthetic images in a folder of its own, and a server that watches it. */
    private final class Watched {
        private final RunFolder run;
        private final PageServer server;
        private final Path told;
        private final Running launcher;

        Watched(Path folder, List<String> options) throws IOException {
            Files.createDirectories(folder);
            run = new RunFolder(folder.resolve("one"));
            told = stage.path(folder.getFileName() + ".told");
            server = PageServer.start(
                    stage,
                    folder,
                    folder.getFileName() + "-watch.log",
                    "--notify",
                    "cat >> '" + told + "'; echo >> '" + told + "'");
            launcher = stage.start(
                    stage.train(
                                    "fashion-mnist.yaml",
                                    run,
                                    "--set",
                                    "data.dataset=synthetic:images=12800,validation=512,shape=1x8x8,classes=10",
                                    "--notify",
                                    "http://127.0.0.1:" + hook.getAddress().getPort() + "/hook")
                            .with(options),
                    folder.getFileName() + ".log");
        }

        private boolean posted(String title) {
            return posted.stream()
                    .anyMatch(body -> body.path("kind").asText().equals(title)
                            && body.path("run").asText().equals(run.path().toString()));
        }

        private boolean onPage(String title) {
            try {
                String page = PageServer.get(server.url() + "run?run=one");
                return page.contains("<strong>" + title + "</strong>") || page.contains(">" + title + ": ");
            } catch (IOException e) {
                return false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        /** Waits until the alert is in every place, and claims it. */
        void claim(Case claims, String title, String kind) {
            Log journal = new Log(run.path().resolve("events.jsonl"));
            long since = System.nanoTime();
            claims.claim(
                    Await.within(120_000, () -> launcher.log().says("^alert: " + title + ": ") || !launcher.isAlive())
                            && launcher.log().says("^alert: " + title + ": "),
                    "not on the terminal: " + launcher.log().lastLine());
            claims.figure(title + ", after s", String.format(Locale.ROOT, "%.1f", Await.millisSince(since) / 1e3));
            claims.claim(
                    Await.within(5000, () -> journal.says("\"kind\":\"" + kind + "\"")),
                    title + ": not in events.jsonl");
            claims.claim(Await.within(5000, () -> onPage(title)), title + ": not on the page");
            claims.claim(Await.within(10_000, () -> posted(title)), title + ": not at the webhook");
            claims.claim(
                    Await.within(10_000, () -> new Log(told).says("\"kind\":\"" + title + "\"")),
                    title + ": not by the command");
        }
    }

    /** An alert of a run that ends by itself. */
    private void ends(String title, String kind, String how, int exit, String... options) {
        stage.check(title + ": " + how, EXPECTED, claims -> {
            Watched watched = new Watched(stage.path(kind), List.of(options));
            watched.claim(claims, title, kind);
            SmallRuns.exits(claims, watched.launcher, exit);
        });
    }

    private void stall() {
        stage.check("stall: a process is stopped by SIGSTOP", EXPECTED, claims -> {
            Watched watched = new Watched(
                    stage.path("STALL"),
                    List.of(
                            "--procs",
                            "2",
                            "--lanes",
                            "1",
                            "--peer-timeout",
                            "600",
                            "--set",
                            "epochs=1000",
                            "--set",
                            "learning-rate.schedule.epochs=[900]"));
            claims.claim(Await.within(60_000, () -> watched.run.stepSeconds().size() > 30), "no steps");
            Member victim = watched.launcher.ranks(2).get(1);
            victim.signal(Signal.STOP);
            watched.claim(claims, "stall", "STALL");
            int before = watched.run.stepSeconds().size();
            victim.signal(Signal.CONT);
            claims.claim(
                    Await.within(30_000, () -> watched.run.stepSeconds().size() > before), "the run does not go on");
            watched.launcher.signal(Signal.TERM);
            SmallRuns.exits(claims, watched.launcher, TERMINATED);
        });
    }

    private void processes() {
        stage.check("process lost, process joined: SIGKILL in an elastic run", EXPECTED, claims -> {
            Watched watched = new Watched(
                    stage.path("PROCESS"),
                    List.of(
                            "--procs",
                            "2",
                            "--lanes",
                            "1",
                            "--elastic",
                            "1:2",
                            "--set",
                            "epochs=1000",
                            "--set",
                            "learning-rate.schedule.epochs=[900]"));
            claims.claim(Await.within(60_000, () -> watched.run.stepSeconds().size() > 10), "no steps");
            watched.launcher.ranks(2).get(1).signal(Signal.KILL);
            watched.claim(claims, "process lost", "PROCESS_LOST");
            watched.claim(claims, "process joined", "PROCESS_JOINED");
            watched.launcher.signal(Signal.TERM);
            SmallRuns.exits(claims, watched.launcher, TERMINATED);
        });
    }

    private void disk() throws IOException {
        Optional<SmallDisk> disk = stage.smallDisk("small", MEBIBYTES);
        if (disk.isEmpty()) {
            stage.report().skip("disk low, checkpoint failing", "mounting a small file system needs root");
            return;
        }
        stage.check("disk low, checkpoint failing: a disk of " + MEBIBYTES + " MiB", EXPECTED, claims -> {
            Watched watched = new Watched(
                    disk.get().path(),
                    List.of("--set", "model.width=64", "--set", "images-per-worker=8", "--checkpoint-every", "20"));
            watched.claim(claims, "disk low", "DISK_LOW");
            watched.claim(claims, "checkpoint failing", "CHECKPOINT_FAILING");
            watched.launcher.signal(Signal.TERM);
            SmallRuns.exits(claims, watched.launcher, 6);
        });
    }
}
