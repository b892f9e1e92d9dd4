package dev.lockstep.evidence.process;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The Spark inside of a Python's package pyspark, and the jars of Lockstep that its jobs need. */
public final class SparkInstallation {
    private static final long START = 180_000;

    private final Stage stage;
    private final String python;
    private final Path home;
    private final String jars;

    private SparkInstallation(Stage stage, String python, Path home, String jars) {
        this.stage = stage;
        this.python = python;
        this.home = home;
        this.jars = jars;
    }

    /** Finds Spark, and builds the module spark. */
    public static SparkInstallation prepare(Stage stage, String python) throws IOException, InterruptedException {
        Running find = stage.complete(
                Command.of(python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))"), "find.log");
        if (find.exitCode() != 0) {
            throw new IllegalStateException(python + " has no pyspark, give one that has with --python");
        }
        Path checkout = stage.checkout().home();
        stage.require(
                Command.of(
                        "mvn",
                        "-B",
                        "-q",
                        "-f",
                        checkout.resolve("pom.xml").toString(),
                        "-pl",
                        "spark",
                        "-am",
                        "-Dmaven.test.skip=true",
                        "-Dspotless.check.skip=true",
                        "package"),
                "build.log");
        // Builds the command line, whose class path names the jars of libraries.
        stage.require(stage.lockstep("--version"), "version.log");
        Stream<String> libraries = Arrays.stream(Files.readString(checkout.resolve("cli/target/classpath.txt"))
                        .strip()
                        .split(":"))
                .filter(jar -> jar.matches(".*/(lockstep-core|snakeyaml-engine)-[^/]*\\.jar"));
        String jars = String.join(
                ",",
                Stream.concat(Stream.of(jar(checkout.resolve("spark/target")).toString()), libraries)
                        .toList());
        return new SparkInstallation(stage, python, Path.of(find.log().lastLine()), jars);
    }

    private static Path jar(Path folder) throws IOException {
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "lockstep-spark_2.13-*.jar")) {
            for (Path jar : jars) {
                if (!jar.toString().matches(".*-(sources|javadoc)\\.jar")) {
                    return jar;
                }
            }
        }
        throw new IllegalStateException("no jar in " + folder);
    }

    private Command command(String program, String... arguments) {
        return Command.of(home.resolve("bin").resolve(program).toString())
                .with(arguments)
                .env("SPARK_HOME", home.toString())
                .env("SPARK_LOCAL_IP", "127.0.0.1")
                .env("PYSPARK_PYTHON", python)
                .env(
                        "PYTHONPATH",
                        stage.checkout().home().resolve("spark/python").toString());
    }

    /** Runs a script of examples/spark; its first argument, the checkout, is there already. */
    public Command submit(String master, String script) {
        Path checkout = stage.checkout().home();
        return command(
                "spark-submit",
                "--master",
                master,
                "--executor-memory",
                "1g",
                "--jars",
                jars,
                "--conf",
                "spark.ui.enabled=false",
                checkout.resolve("examples/spark").resolve(script).toString(),
                checkout.toString());
    }

    /** A master and its workers on loopback, with one core each. */
    public final class Standalone {
        private final int port;
        private final List<Running> workers = new ArrayList<>();

        private Standalone(int count) throws IOException {
            try (ServerSocket free = new ServerSocket(0)) {
                port = free.getLocalPort();
            }
            Running master = stage.start(
                    command(
                            "spark-class",
                            "org.apache.spark.deploy.master.Master",
                            "-h",
                            "127.0.0.1",
                            "-p",
                            "" + port,
                            "--webui-port",
                            "0"),
                    "master.log");
            for (int i = 0; i < count; i++) {
                workers.add(stage.start(
                        command(
                                "spark-class",
                                "org.apache.spark.deploy.worker.Worker",
                                "-h",
                                "127.0.0.1",
                                "-c",
                                "1",
                                "-m",
                                "1g",
                                "--webui-port",
                                "0",
                                "-d",
                                stage.path("worker-" + i).toString(),
                                master()),
                        "worker-" + i + ".log"));
            }
            if (!Await.within(START, () -> master.log().count("Registering worker") == count)) {
                throw new IllegalStateException("no cluster: " + master.log().lastLine());
            }
        }

        public String master() {
            return "spark://127.0.0.1:" + port;
        }

        /** The running executors of all jobs. */
        public List<ProcessHandle> executors() {
            return workers.stream()
                    .flatMap(worker -> ProcessHandle.of(worker.pid()).stream())
                    .flatMap(ProcessHandle::descendants)
                    .filter(process -> CommandLines.has(process, "CoarseGrainedExecutorBackend"))
                    .toList();
        }
    }

    /** Starts a cluster that ends with the stage. */
    public Standalone startStandalone(int workers) throws IOException {
        return new Standalone(workers);
    }
}
