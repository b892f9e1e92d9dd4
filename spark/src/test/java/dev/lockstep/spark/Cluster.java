package dev.lockstep.spark;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/** A Spark cluster with real executor processes on loopback, and the processes that they start. */
final class Cluster implements AutoCloseable {
    /** The checkout, whose launcher the tasks start. */
    static final Path HOME = Path.of("..").toAbsolutePath().normalize();

    private final SparkSession session;

    Cluster(int executors) {
        makeSparkHome();
        session = SparkSession.builder()
                .master("local-cluster[" + executors + ",1,1024]")
                .appName("lockstep-test")
                .config("spark.executor.extraClassPath", classPath())
                .config("spark.ui.enabled", false)
                .config("spark.executor.heartbeatInterval", "500ms")
                .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "20s")
                .getOrCreate();
    }

    private static void makeSparkHome() {
        try {
            Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("bytedeco") && !entry.matches(".*(/train/target|lockstep-train).*"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    SparkSession session() {
        return session;
    }

    static List<ProcessHandle> executors() {
        return descendants("CoarseGrainedExecutorBackend");
    }

    /** The running processes that tasks have started. */
    static List<ProcessHandle> trainers() {
        return descendants("dev.lockstep.cli.Main train");
    }

    private static List<ProcessHandle> descendants(String command) {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> commandLine(process).contains(command))
                .toList();
    }

    /** All of it: {@link ProcessHandle.Info#commandLine} has only its first 4 KiB. */
    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"))
                    .replace('\0', ' ');
        } catch (IOException e) {
            return ""; // It has just ended.
        }
    }

    @Override
    public void close() {
        session.stop();
    }
}
