package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A store's server on the loopback address, from the class path that its module's build has written. */
abstract class StoreServer {
    final Stage stage;
    final int port;
    private final String module;
    private @Nullable Running running;
    private int starts;
    private int core = -1;

    StoreServer(Stage stage, String module, int port) {
        this.stage = stage;
        this.module = module;
        this.port = port;
    }

    abstract String name();

    abstract String root();

    abstract Command command(boolean fresh) throws IOException;

    abstract Command client(Command command) throws IOException;

    /** Copies the files of a folder into a folder of the store. */
    abstract void upload(Path folder, String to) throws Exception;

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

    /** Starts it, after the end of the one that ran before, whose port would answer until then. */
    void start(boolean fresh) throws IOException, InterruptedException {
        if (running != null) {
            running.end();
            running.exitCode();
        }
        Command command = command(fresh);
        Running started =
                stage.start(core < 0 ? command : command.onCore(core), name() + "-server-" + starts++ + ".log");
        running = started;
        if (!Await.within(120_000, () -> answers(port) || !started.isAlive()) || !started.isAlive()) {
            throw new IllegalStateException(
                    "the server does not answer: " + started.log().lastLine());
        }
    }

    /** Whether something listens at a port of the loopback address. */
    static boolean answers(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Binds the server to one core when it starts. */
    void bind(int to) {
        core = to;
    }

    void kill() throws InterruptedException {
        if (running != null) {
            running.signal(Signal.KILL);
            running.exitCode();
        }
    }
}
