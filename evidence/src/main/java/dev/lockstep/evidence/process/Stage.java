package dev.lockstep.evidence.process;

import dev.lockstep.evidence.record.Case;
import dev.lockstep.evidence.record.Report;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The environment of a scenario: a folder, its processes, disks and networks. Closing the stage removes all of it. */
public final class Stage implements AutoCloseable {
    /** The body of a case; any exception makes the case fail. */
    public interface Body {
        void run(Case claims) throws Exception;
    }

    private final Checkout checkout;
    private final Report report;
    private final Path folder;
    private final Signals signals = new Signals();
    private final List<Running> started = new ArrayList<>();
    private final Deque<Command> undo = new ArrayDeque<>();
    private final Thread hook = new Thread(this::end);
    private boolean ended;

    public Stage(Checkout checkout, Report report) throws IOException {
        this.checkout = checkout;
        this.report = report;
        folder = Files.createTempDirectory("lockstep-evidence-").toRealPath();
        Runtime.getRuntime().addShutdownHook(hook);
    }

    public Checkout checkout() {
        return checkout;
    }

    public Report report() {
        return report;
    }

    /** A path in the stage's folder. */
    public Path path(String name) {
        return folder.resolve(name);
    }

    /** A run's folder in the stage's folder. */
    public RunFolder run(String name) {
        return new RunFolder(path(name));
    }

    /** The launcher with arguments. */
    public Command lockstep(String... arguments) {
        return Command.of(checkout.launcher().toString()).with(arguments).env("LC_ALL", "C.UTF-8");
    }

    /** Trains a shipped recipe into a run folder. */
    public Command train(String recipe, RunFolder out, String... options) {
        return lockstep(
                        "train",
                        checkout.recipe(recipe).toString(),
                        "--out",
                        out.path().toString())
                .with(options);
    }

    /** Runs one case; processes that it leaves running are killed afterward. */
    public void check(String name, String expected, Body body) {
        int before = started.size();
        Case claims = new Case(name, expected);
        try {
            body.run(claims);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            claims.wrong("interrupted");
        } catch (Exception e) {
            claims.wrong(e.toString());
        }
        started.subList(before, started.size()).forEach(Running::end);
        report.add(claims);
    }

    /** Starts a command; its output goes to a file of this name in the stage's folder. */
    public synchronized Running start(Command command, String log) throws IOException {
        if (ended) {
            throw new IllegalStateException("the stage has ended");
        }
        Path file = path(log);
        ProcessBuilder builder = new ProcessBuilder(command.line())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(file.toFile()));
        builder.environment().putAll(command.environment());
        Running running = new Running(builder.start(), file, signals);
        started.add(running);
        return running;
    }

    /** Runs a command to its end. */
    public Running complete(Command command, String log) throws IOException, InterruptedException {
        Running running = start(command, log);
        running.exitCode();
        return running;
    }

    /** Runs a command that must succeed. */
    public void require(Command command, String log) throws IOException, InterruptedException {
        Running running = start(command, log);
        int code = running.exitCode();
        if (code != 0) {
            throw new IllegalStateException(String.join(" ", command.words()) + " failed with exit code " + code + ": "
                    + running.log().lastLine());
        }
    }

    /** Mounts an empty file system of this many MiB; empty without permission. */
    public Optional<SmallDisk> smallDisk(String name, int mebibytes) throws IOException {
        Path at = Files.createDirectories(path(name));
        SmallDisk disk = new SmallDisk(at);
        if (!system("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "lockstep-evidence", at.toString())) {
            return Optional.empty();
        }
        undo.push(Command.of("umount", "-l", at.toString()));
        return Optional.of(disk);
    }

    /** Hosts on one network, as namespaces of this machine; empty without permission. */
    public Optional<LocalNetwork> network(int hosts, String subnet) {
        LocalNetwork network = new LocalNetwork(hosts, subnet);
        List<List<String>> commands = network.commands();
        if (!system(commands.get(0).toArray(String[]::new))) {
            return Optional.empty();
        }
        network.undo().forEach(undo::push);
        for (List<String> command : commands.subList(1, commands.size())) {
            if (!system(command.toArray(String[]::new))) {
                throw new IllegalStateException("failed: " + String.join(" ", command));
            }
        }
        return Optional.of(network);
    }

    /** Whether a program is installed; installs a Debian package that has it, if permitted. */
    public static boolean has(String program, String... packages) {
        List<String> install = new ArrayList<>(List.of(
                "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends"));
        install.addAll(List.of(packages));
        String[] there = {"sh", "-c", "command -v " + program};
        return system(there) || system("apt-get", "update") && system(install.toArray(String[]::new)) && system(there);
    }

    /** Runs one of the system's tools; returns whether it succeeded. */
    static boolean system(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(300, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Copies a folder into the stage's folder. */
    public RunFolder copy(RunFolder from, String name) throws IOException {
        RunFolder to = run(name);
        delete(to.path());
        try (Stream<Path> files = Files.walk(from.path())) {
            for (Path file : files.toList()) {
                Files.copy(file, to.path().resolve(from.path().relativize(file)));
            }
        }
        return to;
    }

    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    @Override
    public void close() {
        end();
        Runtime.getRuntime().removeShutdownHook(hook);
    }

    private synchronized void end() {
        if (ended) {
            return;
        }
        ended = true;
        started.forEach(Running::end);
        undo.forEach(command -> system(command.words().toArray(String[]::new)));
        signals.close();
        try {
            if (report.keepsFolder()) {
                System.err.println("kept: " + folder);
            } else {
                delete(folder);
            }
        } catch (IOException e) {
            System.err.println("not removed: " + folder + ": " + e);
        }
    }
}
