package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Data and run folder in a store, which is killed and started again: S3 (S3Proxy), HDFS (a name node and a data node), GCS (fake-gcs-server). */
final class Storage {
    private static final int STEPS = 40;
    private static final int HALF = 20;
    /** How long a server is gone. */
    static final long OUTAGE_MILLIS = 4000;

    private static final Path DATA = Path.of("/usr/share/datasets/fashion-mnist");

    private final Stage stage;
    private final StoreServer server;
    private final RunFolder plain;

    private Storage(Stage stage, StoreServer server, RunFolder plain) {
        this.stage = stage;
        this.server = server;
        this.plain = plain;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        if (!Files.isDirectory(DATA)) {
            stage.report().skip("storage", "needs Debian's package dataset-fashion-mnist");
            return;
        }
        RunFolder plain = stage.run("plain");
        stage.require(stage.train("fashion-mnist.yaml", plain, "--stop-after", Integer.toString(STEPS)), "plain.log");
        StorageShards shards = new StorageShards(stage);
        for (StoreServer server : List.of(
                new S3Server(stage, Hosted.freePort()),
                new HdfsServer(stage, Hosted.freePort()),
                new GcsServer(stage, Hosted.freePort()))) {
            if (!settings.options().isEmpty() && !settings.options().contains(server.name())) {
                continue;
            }
            if (!server.isBuilt()) {
                stage.report().skip(server.name(), "build it first: mvn -pl " + server.module() + " -am package");
                continue;
            }
            Storage one = new Storage(stage, server, plain);
            server.start(true);
            server.upload(DATA, "data");
            one.killedServer();
            one.emptyMachine();
            shards.play(server);
        }
    }

    private Running train(String name, int steps) throws IOException {
        Command command = stage.lockstep(
                "train",
                stage.checkout().recipe("fashion-mnist.yaml").toString(),
                "--data",
                server.root() + "/data",
                "--out",
                server.root() + "/" + name,
                "--stop-after",
                Integer.toString(steps),
                "--checkpoint-every",
                "5",
                "--json");
        return stage.start(server.client(command), server.name() + "-" + name + "-" + steps + ".log");
    }

    /** The hash in the JSON that a run has printed. */
    static String weights(Running run) {
        return String.join("\n", run.log().lines()).replaceFirst("(?s).*\"weights_sha256\" ?: ?\"(\\w{64})\".*", "$1");
    }

    private void killedServer() {
        stage.check(
                server.name() + ": server killed in mid-run, started again after " + OUTAGE_MILLIS / 1000 + " s",
                "same weights as the run on local disk",
                claims -> {
                    Running run = train("killed", STEPS);
                    boolean going = Await.within(240_000, () -> server.has("killed") || !run.isAlive());
                    claims.claim(
                            going && run.isAlive(), "not started: " + run.log().lastLine());
                    server.kill();
                    Await.sleep(OUTAGE_MILLIS);
                    claims.claim(run.isAlive(), "ended without its store");
                    server.start(false);
                    claims.equal("exit code", 0, run.exitCode());
                    claims.equal("weights", plain.weights(), weights(run));
                });
    }

    private void emptyMachine() {
        stage.check(
                server.name() + ": stopped after " + HALF + " steps, resumed without the files of this machine",
                "same weights as the run on local disk",
                claims -> {
                    // The one that the case before has started ended with it.
                    server.start(false);
                    Running first = train("moved", HALF);
                    claims.claim(first.exitCode() == 0, "failed: " + first.log().lastLine());
                    forget("moved-");
                    Running second = train("moved", STEPS);
                    claims.equal("exit code", 0, second.exitCode());
                    claims.claim(second.log().says("resum"), "not resumed");
                    claims.equal("weights", plain.weights(), weights(second));
                });
    }

    /** The user's cache. */
    static Path cache() {
        return Path.of(
                System.getenv().getOrDefault("LOCKSTEP_CACHE", System.getProperty("user.home") + "/.cache/lockstep"));
    }

    /** Deletes the folders in which runs of this name have worked. */
    private static void forget(String prefix) throws IOException {
        try (Stream<Path> all = Files.list(cache().resolve("runs"))) {
            for (Path run : all.toList()) {
                if (run.getFileName().toString().startsWith(prefix)) {
                    Stage.delete(run);
                }
            }
        }
    }
}
