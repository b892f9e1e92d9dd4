package dev.lockstep.evidence.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Other programs read what a run writes: a Prometheus server its numbers, and Perfetto's trace processor its traces. */
final class Watching {
    private static final int STEPS = 400;
    private static final int TRACED = 12;
    private static final Pattern ROW = Pattern.compile("^\"?([^\",]+)\"?,([0-9.]+)$");

    private final Stage stage;

    private Watching(Stage stage) {
        this.stage = stage;
    }

    static void play(Stage stage, Settings settings) {
        Watching watching = new Watching(stage);
        if (Stage.has("prometheus", "prometheus")) {
            stage.check(
                    "Prometheus, loopback",
                    "its API has the numbers of metrics.jsonl; the rule for a run that hangs fires when it is stopped",
                    claims -> watching.prometheus(claims, false));
            stage.check(
                    "Prometheus, with a token",
                    "the same through authorization; without the token the target is down",
                    claims -> watching.prometheus(claims, true));
        } else {
            stage.report().skip("Prometheus", "it is not installed, and cannot be");
        }
        if (Stage.has("trace_processor_shell")) {
            stage.check(
                    "Perfetto's trace processor, P = 2",
                    "no errors; a track for each lane, loader thread, exchange, step and checkpoint",
                    watching::perfetto);
        } else {
            stage.report().skip("Perfetto", "no trace_processor_shell on the PATH");
        }
    }

    private Command train(RunFolder out, int steps, String... more) {
        return Chaos.train(stage, steps, out, "--procs", "2").with(more);
    }

    private void prometheus(Case claims, boolean token) throws Exception {
        String name = token ? "guarded" : "plain";
        Path runs = Files.createDirectories(stage.path(name + "-runs"));
        RunFolder run = new RunFolder(runs.resolve("one"));
        String[] options = token ? new String[] {"--listen", "0.0.0.0:" + Hosted.freePort()} : new String[0];
        PageServer server = PageServer.start(stage, runs, name + "-watch.log", options);
        int port = Hosted.freePort();
        Running prometheus = prometheus(name, port, server, token ? server.url().replaceAll(".*token=", "") : "");
        String api = "http://127.0.0.1:" + port + "/api/v1/";
        Running trainer = stage.start(train(run, 100 * STEPS, "--peer-timeout", "600"), name + ".log");
        boolean seen = Await.within(120_000, () -> value(api, "lockstep_step{run=\"one\"}") > 30);
        claims.claim(
                seen,
                "no steps: " + trainer.log().lastLine() + "; "
                        + prometheus.log().lastLine());
        List<Member> ranks = trainer.ranks(2);
        ranks.forEach(rank -> rank.signal(Signal.STOP));
        String last = run.metrics().lines().stream()
                .filter(line -> line.contains("\"type\":\"step\""))
                .reduce("", (a, b) -> b);
        double step = number(last, "step");
        claims.claim(
                Await.within(30_000, () -> value(api, "lockstep_step{run=\"one\"}") == step),
                "step " + step + " does not arrive");
        for (Map.Entry<String, String> pair : Map.of(
                        "lockstep_loss", "loss",
                        "lockstep_learning_rate", "learning_rate",
                        "lockstep_step_seconds", "step_seconds",
                        "lockstep_train_top1_error_ratio", "train_top1_error")
                .entrySet()) {
            double read = value(api, pair.getKey() + "{run=\"one\"}");
            double written = number(last, pair.getValue());
            claims.claim(
                    read == written || Double.isNaN(read) && Double.isNaN(written),
                    pair.getKey() + " = " + read + " instead of " + written);
        }
        claims.claim(value(api, "lockstep_processes{run=\"one\"}") == 2, "not two processes");
        String rule = "time() - lockstep_last_step_timestamp_seconds > 5 and on(run)"
                + " lockstep_run_state{state=\"running\"} == 1";
        claims.claim(Await.within(20_000, () -> value(api, rule) > 5), "the rule does not fire");
        ranks.forEach(rank -> rank.signal(Signal.CONT));
        claims.claim(Await.within(20_000, () -> Double.isNaN(value(api, rule))), "the rule does not end");
        claims.figure("version", version(api));
        claims.figure("numbers per run", numbers(api));
        claims.figure(
                "scrape, ms",
                String.format(
                        java.util.Locale.ROOT,
                        "%.1f",
                        1000 * value(api, "quantile_over_time(0.5, scrape_duration_seconds{job=\"lockstep\"}[1m])")));
        if (token) {
            claims.claim(value(api, "up{job=\"lockstep\"}") == 1, "the target is down");
            claims.claim(value(api, "up{job=\"stranger\"}") == 0, "a scrape without the token succeeds");
        }
        trainer.signal(Signal.TERM);
        trainer.exitCode();
    }

    private Running prometheus(String name, int port, PageServer server, String token) throws IOException {
        String target = token.isEmpty()
                ? server.authority()
                : "127.0.0.1:" + server.authority().replaceAll(".*:", "");
        String job = "    scrape_interval: 1s\n    static_configs: [{targets: ['" + target + "']}]\n";
        String credentials = token.isEmpty() ? "" : "    authorization: {credentials: '" + token + "'}\n";
        Path config = Files.writeString(
                stage.path(name + ".yml"),
                "scrape_configs:\n  - job_name: lockstep\n" + job + credentials + "  - job_name: stranger\n" + job);
        return stage.start(
                Command.of("prometheus", "--config.file=" + config)
                        .with("--storage.tsdb.path=" + stage.path(name + "-tsdb"))
                        .with("--web.listen-address=127.0.0.1:" + port),
                name + "-prometheus.log");
    }

    private static double number(String line, String key) {
        return Pattern.compile("\"" + key + "\":(-?[0-9.E-]+)")
                .matcher(line)
                .results()
                .mapToDouble(match -> Double.parseDouble(match.group(1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    private static JsonNode query(String api, String expression) {
        try {
            return PageServer.json(api + "query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
                    .path("data")
                    .path("result");
        } catch (IOException e) {
            return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Of the first series; NaN without one. */
    private static double value(String api, String expression) {
        return query(api, expression).path(0).path("value").path(1).asDouble(Double.NaN);
    }

    private static int numbers(String api) {
        return query(api, "{__name__=~\"lockstep_.+\",run=\"one\",job=\"lockstep\"}")
                .size();
    }

    private static String version(String api) throws IOException, InterruptedException {
        return PageServer.json(api + "status/buildinfo")
                .path("data")
                .path("version")
                .asText();
    }

    private void perfetto(Case claims) throws Exception {
        RunFolder run = stage.run("traced");
        stage.require(
                stage.train(
                        "fashion-mnist.yaml",
                        run,
                        "--set",
                        "data.dataset=synthetic:images=6400,validation=512,shape=1x8x8,classes=10",
                        "--set",
                        "images-per-worker=8",
                        "--procs",
                        "2",
                        "--lanes",
                        "1",
                        "--stop-after",
                        Integer.toString(TRACED + 4),
                        "--checkpoint-every",
                        "4",
                        "--trace",
                        Integer.toString(TRACED)),
                "traced.log");
        for (int rank = 0; rank < 2; rank++) {
            Path trace = run.path().resolve("trace-rank-" + rank + ".json");
            Map<String, Double> slices = sql(
                    trace,
                    "select t.name || ': ' || s.name as what, count(*) from slice s join thread_track k on s.track_id = k.id"
                            + " join thread t using (utid) group by t.name, s.name");
            int buckets = count(slices, "exchange: bucket \\d+");
            claims.claim(buckets > 0 && buckets % TRACED == 0, "exchange: " + buckets + " slices");
            claims.claim(count(slices, "lane 0: worker \\d+") == 4 * TRACED, "lanes: " + slices);
            claims.claim(count(slices, "loader \\d+: images of worker \\d+") == 4 * TRACED, "loader: " + slices);
            claims.claim(count(slices, "step: update") == TRACED, "update: " + slices);
            claims.claim(count(slices, "checkpoint: .+") == TRACED / 4, "checkpoints: " + slices);
            int written = count(slices, "checkpoint writer: write step \\d+");
            claims.claim(written == (rank == 0 ? TRACED / 4 : 0), "checkpoints written: " + slices);
            Map<String, Double> problems =
                    sql(trace, "select name, value from stats where severity in ('error', 'data_loss') and value > 0");
            claims.claim(problems.isEmpty(), problems.toString());
            Map<String, Double> bad = sql(trace, "select 'unfinished', count(*) from slice where dur < 0");
            claims.claim(bad.equals(Map.of("unfinished", 0.0)), bad.toString());
            if (rank == 0) {
                claims.figure("slices", count(slices, ".*"));
                claims.figure(
                        "tracks",
                        sql(trace, "select 'tracks', count(*) from thread_track")
                                .getOrDefault("tracks", 0.0)
                                .intValue());
                claims.figure("KB", Files.size(trace) / 1000);
            }
        }
    }

    private static int count(Map<String, Double> slices, String pattern) {
        return (int) slices.entrySet().stream()
                .filter(entry -> entry.getKey().matches(pattern))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    /** The rows of a query with two columns. */
    private Map<String, Double> sql(Path trace, String query) throws IOException, InterruptedException {
        Path file = Files.writeString(stage.path("query.sql"), query + ";\n");
        Path log = stage.path("query.log");
        Files.deleteIfExists(log);
        Running shell = stage.complete(
                Command.of("trace_processor_shell", "-q", file.toString(), trace.toString()), "query.log");
        if (shell.exitCode() != 0) {
            throw new IllegalStateException("trace processor: " + shell.log().lastLine());
        }
        Map<String, Double> rows = new LinkedHashMap<>();
        for (String line : Files.readAllLines(log)) {
            var match = ROW.matcher(line);
            if (match.matches()) {
                rows.put(match.group(1), Double.parseDouble(match.group(2)));
            }
        }
        return rows;
    }
}
