package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Training on shards of a store: copied to this machine by two processes at once, and read by ranges from a server that is killed. */
final class StorageShards {
    private static final int STEPS = 20;
    private static final String FOLDER = "shards";

    private final Stage stage;
    private final Path shards;
    private final RunFolder local;

    /** Packs images of Fashion-MNIST, and trains on the shards of this machine. */
    StorageShards(Stage stage) throws IOException, InterruptedException {
        this.stage = stage;
        shards = stage.path(FOLDER);
        local = stage.run("local-shards");
        Path images = stage.path("images");
        ImageFiles.ofFashionMnist(images, 640, 160);
        stage.require(
                stage.lockstep("data", "pack", images.toString(), "--images-per-shard", "100")
                        .with("--out", shards.toString()),
                "pack.log");
        stage.require(train(shards.toString(), local.path().toString()), "local-shards.log");
    }

    private Command train(String data, String out, String... options) {
        return stage.lockstep(
                        "train", stage.checkout().recipe("photographs.yaml").toString())
                .with("--set", "data.dataset=webdataset", "--data", data, "--out", out)
                .with("--stop-after", Integer.toString(STEPS), "--checkpoint-every", "5", "--json")
                .with(options);
    }

    void play(StoreServer server) throws Exception {
        server.start(false);
        server.upload(shards, FOLDER);
        copied(server);
        ranges(server);
    }

    private Command train(StoreServer server, String out, String... options) throws IOException {
        return server.client(train(server.root() + "/" + FOLDER, server.root() + "/" + out, options));
    }

    private void sameWeights(Case claims, Running run) throws InterruptedException {
        claims.equal("exit code", 0, run.exitCode());
        claims.equal("weights", local.weights(), Storage.weights(run));
    }

    private void copied(StoreServer server) {
        stage.check(
                server.name() + ": shards, copied to this machine, P = 2",
                "one copy of each for both processes, same weights as with the shards on local disk",
                claims -> {
                    server.start(false);
                    Set<String> before = copies();
                    String log = server.name() + "-copied.log";
                    sameWeights(claims, stage.complete(train(server, "copied", "--procs", "2"), log));
                    Set<String> made = copies();
                    made.removeAll(before);
                    claims.equal("copies", tars(shards).size(), made.size());
                });
    }

    private void ranges(StoreServer server) {
        stage.check(
                server.name() + ": shards, read by ranges, server killed in mid-run",
                "no copies, same weights as with the shards on local disk",
                claims -> {
                    server.start(false);
                    Set<String> before = copies();
                    Command train = train(server, "ranges", "--data-cache", "0");
                    Running run = stage.start(train, server.name() + "-ranges.log");
                    boolean going = Await.within(240_000, () -> server.has("ranges") || !run.isAlive());
                    claims.claim(
                            going && run.isAlive(), "not started: " + run.log().lastLine());
                    server.kill();
                    Await.sleep(Storage.OUTAGE_MILLIS);
                    claims.claim(run.isAlive(), "ended without its store");
                    server.start(false);
                    sameWeights(claims, run);
                    claims.claim(copies().equals(before), "copies were made");
                });
    }

    /** The names of the copies of shards on this machine. */
    private static Set<String> copies() throws IOException {
        Path folder = Storage.cache().resolve("shards");
        return Files.isDirectory(folder) ? tars(folder) : new TreeSet<>();
    }

    private static Set<String> tars(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".tar"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
