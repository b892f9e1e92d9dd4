package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.SlowLink;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Epochs of shards from this machine and from a store (S3Proxy) behind a slow link, in turns: medians and their ratios. The loader is bound to
 * one core, and the server to another.
 */
final class StorageDelay {
    private static final int TURNS = 3;
    private static final int EPOCHS = 2;
    private static final int COPIES = 8;
    private static final double DELAY_MILLIS = 10;
    private static final int MEGABITS = 1000;
    private static final double TOLERANCE = 0.05;

    private enum Mode {
        LOCAL("this machine's disk", false, false, "20G"),
        COLD("a store behind the link, copied to this machine first", true, true, "20G"),
        WARM("a store behind the link, copies are here", true, true, "20G"),
        RANGES("a store behind the link, read by ranges", true, true, "0"),
        DIRECT("a store without the link, read by ranges", true, false, "0");

        private final String title;
        private final boolean stored;
        private final boolean aimed;
        private final String cache;

        Mode(String title, boolean stored, boolean aimed, String cache) {
            this.title = title;
            this.stored = stored;
            this.aimed = aimed;
            this.cache = cache;
        }
    }

    /** Seconds. */
    private record Turn(double opened, double first, double last, double processor) {}

    private final Stage stage;
    private final S3Server server;
    private final int link;
    private final Path shards;
    private final Map<Mode, List<Turn>> turns = new EnumMap<>(Mode.class);

    private StorageDelay(Stage stage, S3Server server, int link) {
        this.stage = stage;
        this.server = server;
        this.link = link;
        this.shards = stage.path("shards");
    }

    static void play(Stage stage, Settings settings) throws Exception {
        S3Server server = new S3Server(stage, Hosted.freePort());
        Path benchmarks = stage.checkout().home().resolve("benchmarks/target/classpath.txt");
        if (!server.isBuilt() || !Files.exists(benchmarks)) {
            stage.report()
                    .skip("storage-delay", "build it first: mvn -pl cli,storage-s3,benchmarks -am -DskipTests package");
            return;
        }
        StorageDelay all = new StorageDelay(stage, server, Hosted.freePort());
        all.makeShards();
        all.start();
        for (int turn = 0; turn < TURNS; turn++) {
            for (Mode mode : Mode.values()) {
                all.turn(mode, turn);
            }
        }
        all.report();
    }

    /** The images of 1000 classes, each several times under other names. */
    private void makeShards() throws Exception {
        Path one = stage.path("one");
        List<String> arguments = new ArrayList<>(List.of(one.toString()));
        arguments.addAll(Photographs.find(stage));
        ImageNetShape.main(arguments.toArray(String[]::new));
        Path images = stage.path("images");
        try (Stream<Path> files = Files.walk(one.resolve("train"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = images.resolve(one.relativize(file));
                for (int i = 0; i < COPIES; i++) {
                    Path link = copy.resolveSibling(i + "-" + file.getFileName());
                    Files.createDirectories(Objects.requireNonNull(link.getParent()));
                    Files.createLink(link, file);
                }
            }
        }
        Files.move(one.resolve("val"), images.resolve("val"));
        stage.require(stage.lockstep("data", "pack", images.toString(), "--out", shards.toString()), "pack.log");
    }

    private void start() throws Exception {
        server.bind(1);
        server.start(true);
        server.upload(shards, "data");
        Command proxy = Command.of(Jdk.tool("java"), "-Xmx1g", "-XX:+UseSerialGC", "-cp")
                .with(System.getProperty("java.class.path"), SlowLink.class.getName())
                .with(Integer.toString(link), Integer.toString(server.port), Double.toString(DELAY_MILLIS))
                .with(Integer.toString(MEGABITS));
        Running running = stage.start(proxy.onCore(1), "link.log");
        if (!Await.within(30_000, () -> StoreServer.answers(link) || !running.isAlive()) || !running.isAlive()) {
            throw new IllegalStateException("no link: " + running.log().lastLine());
        }
    }

    private void turn(Mode mode, int turn) throws Exception {
        Path cache = stage.path("cache");
        if (mode == Mode.COLD) {
            Stage.delete(cache);
        }
        Path home = stage.checkout().home();
        String classes = home.resolve("benchmarks/target/classes") + ":"
                + Files.readString(home.resolve("benchmarks/target/classpath.txt"))
                        .strip() + ":" + server.classPath();
        Command epochs = Command.of(Jdk.tool("java"), "-XX:+UseParallelGC", "-Xmx2g", "-cp", classes)
                .with("dev.lockstep.benchmarks.StoredEpochs")
                .with(mode.stored ? server.root() + "/data" : shards.toString(), "1", Integer.toString(EPOCHS));
        Command client = server.client(epochs)
                .env("AWS_ENDPOINT_URL", "http://127.0.0.1:" + (mode == Mode.DIRECT ? server.port : link))
                .env("LOCKSTEP_CACHE", cache.toString())
                .env("LOCKSTEP_DATA_CACHE", mode.cache);
        if (mode.cache.equals("0")) {
            client = client.env("LOCKSTEP_CACHE", stage.path("no-cache").toString());
        }
        Running running = stage.complete(client.onCore(0), mode + "-" + turn + ".log");
        if (running.exitCode() != 0) {
            throw new IllegalStateException(mode + " failed: " + running.log().lastLine());
        }
        String later = "epoch " + (EPOCHS - 1);
        Turn seen = new Turn(
                seconds(running, "opened"),
                seconds(running, "epoch 0"),
                seconds(running, later),
                seconds(running, later + " of processors"));
        turns.computeIfAbsent(mode, m -> new ArrayList<>()).add(seen);
        stage.report().note(mode + ", turn " + turn + ": " + seen);
    }

    private static double seconds(Running running, String what) {
        return running.log().lines().stream()
                .filter(line -> line.startsWith(what + ", s = "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "no line of " + what + ": " + running.log().lastLine()));
    }

    private double median(Mode mode, ToDoubleFunction<Turn> what) {
        double[] sorted = turns.getOrDefault(mode, List.of()).stream()
                .mapToDouble(what)
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    /** A median as a multiple of this machine's. */
    private double ratio(Mode mode, ToDoubleFunction<Turn> what) {
        return median(mode, what) / median(Mode.LOCAL, what);
    }

    private void report() throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(shards)) {
            for (Path file :
                    files.filter(path -> path.toString().contains("train")).toList()) {
                bytes += Files.size(file);
            }
        }
        double megabytes = bytes / 1e6;
        for (Mode mode : Mode.values()) {
            String aim =
                    mode.aimed ? "a later epoch takes at most 5 % longer than from this machine's disk" : "measured";
            stage.check("an epoch from " + mode.title, aim, claims -> {
                double ratio = ratio(mode, Turn::last);
                claims.claim(!mode.aimed || ratio <= 1 + TOLERANCE, "takes " + text(ratio) + " times as long");
                figures(claims, mode, megabytes);
            });
        }
    }

    private void figures(Case claims, Mode mode, double megabytes) {
        claims.figure("shards opened, s", text(median(mode, Turn::opened)));
        claims.figure("first epoch, s", text(median(mode, Turn::first)));
        claims.figure("later epoch, s", text(median(mode, Turn::last)));
        claims.figure("later epoch, s of processors", text(median(mode, Turn::processor)));
        claims.figure("MB/s", text(megabytes / median(mode, Turn::last)));
        claims.figure("times the disk's, opened + first", text(ratio(mode, turn -> turn.opened + turn.first)));
        claims.figure("times the disk's, later", text(ratio(mode, Turn::last)));
    }

    private static String text(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.1f", value);
    }
}
