package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A name node and a data node of Hadoop. */
final class HdfsServer extends StoreServer {
    HdfsServer(Stage stage, int port) {
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
    void upload(Path folder, String to) throws Exception {
        // A name node that was just started refuses changes until it has heard of its blocks.
        if (!Await.within(60_000, () -> succeeds("hdfs-mkdir.log", "-mkdir", "-p", "/" + to))) {
            throw new IllegalStateException("no folder can be made in HDFS");
        }
        Command put = shell("-put");
        try (Stream<Path> files = Files.list(folder)) {
            put = put.with(files.map(Path::toString).toList());
        }
        stage.require(put.with("/" + to + "/"), "hdfs-put.log");
    }

    @Override
    boolean has(String run) {
        return succeeds("hdfs-test.log", "-test", "-e", "/" + run + "/checkpoints");
    }

    private boolean succeeds(String log, String... words) {
        try {
            return stage.complete(shell(words), log).exitCode() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
