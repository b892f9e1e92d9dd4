package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Data and run folder in a store: S3 (S3Proxy) and HDFS (a name node and a data node), which is killed and started again. */
final class Storage {
    private static final int STEPS = 40;
    private static final int HALF = 20;
    private static final long OUTAGE_MILLIS = 4000;
    private static final Path DATA = Path.of("/usr/share/datasets/fashion-mnist");

    private final Stage stage;
    private final Server server;
    private final RunFolder plain;

    private Storage(Stage stage, Server server, RunFolder plain) {
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
        for (Server server : List.of(new S3(stage, freePort()), new Hdfs(stage, freePort()))) {
            if (!settings.options().isEmpty() && !settings.options().contains(server.name())) {
                continue;
            }
            if (!server.isBuilt()) {
                stage.report().skip(server.name(), "build it first: mvn -pl " + server.module() + " -am package");
                continue;
            }
            Storage one = new Storage(stage, server, plain);
            server.start(true);
            server.upload(DATA);
            one.killedServer();
            one.emptyMachine();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
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

    private String weights(Running run) {
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

    /** Deletes the folders in which runs of this name have worked. */
    private static void forget(String prefix) throws IOException {
        String cache =
                System.getenv().getOrDefault("LOCKSTEP_CACHE", System.getProperty("user.home") + "/.cache/lockstep");
        Path runs = Path.of(cache, "runs");
        try (Stream<Path> all = Files.list(runs)) {
            for (Path run : all.toList()) {
                if (run.getFileName().toString().startsWith(prefix)) {
                    Stage.delete(run);
                }
            }
        }
    }

    /** A store's server on the loopback address, from the class path that its module's build has written. */
    private abstract static class Server {
        final Stage stage;
        final int port;
        private final String module;
        private @Nullable Running running;
        private int starts;

        Server(Stage stage, String module, int port) {
            this.stage = stage;
            this.module = module;
            this.port = port;
        }

        abstract String name();

        abstract String root();

        abstract Command command(boolean fresh) throws IOException;

        abstract Command client(Command command) throws IOException;

        abstract void upload(Path folder) throws Exception;

        abstract boolean has(String run);

        String module() {
            return module;
        }

        private Path target() {
            return stage.checkout().launcher().resolveSibling(module).resolve("target");
        }

        boolean isBuilt() {
            return Files.exists(target().resolve("server-classpath.txt"));
        }

        /** A program of the server's class path. */
        Command java(String... words) throws IOException {
            return Command.of(
                            Jdk.tool("java"),
                            "-Xmx400m",
                            "-cp",
                            target().resolve("test-classes") + ":"
                                    + Files.readString(target().resolve("server-classpath.txt")))
                    .with(words);
        }

        /** The module and its libraries. */
        String classPath() throws IOException {
            try (Stream<Path> files = Files.list(target())) {
                Path jar = files.filter(
                                file -> file.getFileName().toString().matches("lockstep-.*(?<!sources|javadoc)\\.jar"))
                        .findFirst()
                        .orElseThrow();
                return jar + ":" + Files.readString(target().resolve("classpath.txt"));
            }
        }

        void start(boolean fresh) throws IOException {
            Running started = stage.start(command(fresh), name() + "-server-" + starts++ + ".log");
            running = started;
            boolean answers = Await.within(120_000, () -> {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
                    return true;
                } catch (IOException e) {
                    return !started.isAlive();
                }
            });
            if (!answers || !started.isAlive()) {
                throw new IllegalStateException(
                        "the server does not answer: " + started.log().lastLine());
            }
        }

        void kill() throws InterruptedException {
            if (running != null) {
                running.signal(Signal.KILL);
                running.exitCode();
            }
        }
    }

    private static final class S3 extends Server {
        S3(Stage stage, int port) {
            super(stage, "storage-s3", port);
        }

        @Override
        String name() {
            return "S3";
        }

        @Override
        String root() {
            return "s3://bucket";
        }

        private Path buckets() {
            return stage.path("buckets");
        }

        @Override
        Command command(boolean fresh) throws IOException {
            Path settings = stage.path("s3proxy.conf");
            Files.createDirectories(buckets().resolve("bucket"));
            Files.writeString(
                    settings,
                    String.join(
                            "\n",
                            "s3proxy.endpoint=http://127.0.0.1:" + port,
                            "s3proxy.authorization=aws-v2-or-v4",
                            "s3proxy.identity=lockstep",
                            "s3proxy.credential=not-a-secret",
                            "jclouds.provider=filesystem-nio2",
                            "jclouds.identity=any",
                            "jclouds.credential=any",
                            "jclouds.filesystem.basedir=" + buckets(),
                            ""));
            return java("org.gaul.s3proxy.Main", "--properties", settings.toString());
        }

        @Override
        Command client(Command command) throws IOException {
            return command.env("LOCKSTEP_CLASSPATH", classPath())
                    .env("AWS_ENDPOINT_URL", "http://127.0.0.1:" + port)
                    .env("AWS_ACCESS_KEY_ID", "lockstep")
                    .env("AWS_SECRET_ACCESS_KEY", "not-a-secret");
        }

        @Override
        void upload(Path folder) throws Exception {
            Path data = Files.createDirectories(buckets().resolve("bucket/data"));
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.copy(file, data.resolve(file.getFileName().toString()));
                }
            }
        }

        @Override
        boolean has(String run) {
            return new RunFolder(buckets().resolve("bucket").resolve(run)).newest() > 0;
        }
    }

    private static final class Hdfs extends Server {
        Hdfs(Stage stage, int port) {
            super(stage, "storage-hadoop", port);
        }

        @Override
        String name() {
            return "HDFS";
        }

        @Override
        String root() {
            return "hdfs://127.0.0.1:" + port;
        }

        @Override
        Command command(boolean fresh) throws IOException {
            Command command = java(
                    "org.apache.hadoop.test.MiniDFSClusterManager",
                    "-nnport",
                    Integer.toString(port),
                    "-datanodes",
                    "1",
                    "-D",
                    "hdfs.minidfs.basedir=" + stage.path("hdfs"));
            return fresh ? command.with("-format") : command;
        }

        @Override
        Command client(Command command) throws IOException {
            return command.env("LOCKSTEP_CLASSPATH", classPath());
        }

        private Command shell(String... more) throws IOException {
            // The shell requires a file of settings on its class path, the server does not.
            Path settings = Files.createDirectories(stage.path("hadoop-settings"));
            Files.writeString(settings.resolve("core-site.xml"), "<configuration/>");
            Command shell = java("org.apache.hadoop.fs.FsShell", "-fs", root());
            List<String> words = new ArrayList<>(shell.words());
            words.set(words.indexOf("-cp") + 1, settings + ":" + words.get(words.indexOf("-cp") + 1));
            return new Command(words, shell.environment(), shell.host()).with(more);
        }

        @Override
        void upload(Path folder) throws Exception {
            stage.require(shell("-mkdir", "-p", "/data"), "hdfs-mkdir.log");
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    stage.require(shell("-put", file.toString(), "/data/"), "hdfs-put.log");
                }
            }
        }

        @Override
        boolean has(String run) {
            try {
                return stage.complete(shell("-test", "-e", "/" + run + "/checkpoints"), "hdfs-test.log")
                                .exitCode()
                        == 0;
            } catch (IOException e) {
                return false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }
}
