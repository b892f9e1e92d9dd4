package dev.lockstep.cli.command;

import dev.lockstep.cli.Main;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.launch.Node;
import dev.lockstep.launch.NodeLauncher;
import dev.lockstep.launch.SshLauncher;
import dev.lockstep.natives.NativeLibraries;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep launch}: starts the processes of a group on this machine, or on several by ssh. */
@Command(
        name = "launch",
        description = "Starts the processes of a group on this machine, or by ssh on several.",
        footer = {
            "",
            "Examples:",
            "  lockstep launch --nnodes 4 --node-rank 2 --master node0 -- train RECIPE --out /shared/run",
            "  lockstep launch --hosts node0,node1 --ssh -- train RECIPE --out /shared/run"
        })
public final class LaunchCommand implements Callable<Integer> {
    private static final Pattern MASTER = Pattern.compile("([^\\s\\[\\]:]+|\\[[0-9a-fA-F:.]+])(?::([0-9]{1,5}))?");
    private static final int LAST_PORT = 65_535;
    /** What decides how a process runs on the other hosts, too. */
    private static final List<String> PASSED_ON =
            List.of("JAVA_HOME", "LOCKSTEP_JAVA_OPTIONS", "LOCKSTEP_CLASSPATH", "LOCKSTEP_CACHE", "GLOO_SOCKET_IFNAME");

    @Option(names = "--nnodes", paramLabel = "N", description = "Machines of the group (default: ${DEFAULT-VALUE}).")
    private int nodes = 1;

    @Option(
            names = "--node-rank",
            paramLabel = "I",
            description = "The number of this machine, from 0 (default: ${DEFAULT-VALUE}).")
    private int nodeRank;

    @Option(
            names = "--nproc-per-node",
            paramLabel = "P",
            description = "Processes on each machine (default: ${DEFAULT-VALUE}).")
    private int processes = 1;

    @Option(
            names = "--master",
            paramLabel = "HOST[:PORT]",
            description = "Machine 0, as the others reach it (default: the first of --hosts, port 29500).")
    private Optional<String> master = Optional.empty();

    @Option(
            names = "--hosts",
            paramLabel = "HOST",
            split = ",",
            description = "Start the processes on all of these machines; needs --ssh.")
    private List<String> hosts = List.of();

    @Option(
            names = "--ssh",
            paramLabel = "COMMAND",
            arity = "0..1",
            fallbackValue = "ssh -o BatchMode=yes",
            description = "Reach the machines of --hosts by this command (without one: ${FALLBACK-VALUE}).")
    private Optional<String> ssh = Optional.empty();

    @Option(
            names = "--leash",
            hidden = true,
            description = "Read the group's secret from standard input, and stop when it ends.")
    private boolean leash;

    @Parameters(paramLabel = "-- train", arity = "1..*", description = "The command of each process.")
    private List<String> command = List.of();

    @Override
    public Integer call() {
        if (!command.get(0).equals("train")) {
            throw LockstepException.recipe(
                    "only 'train' can run in a group", "command = " + command.get(0), "write -- train RECIPE …");
        }
        range("--nproc-per-node", processes, 1, Place.MOST);
        return hosts.isEmpty() && ssh.isEmpty() ? onThisMachine() : bySsh();
    }

    private int onThisMachine() {
        range("--nnodes", nodes, 1, Place.MOST / processes);
        range("--node-rank", nodeRank, 0, nodes - 1);
        if (nodes > 1 && master.isEmpty()) {
            throw LockstepException.recipe(
                    "--master is missing", "--nnodes = " + nodes, "give the host name or the address of machine 0");
        }
        SupervisorAddress at = master(master.orElse("127.0.0.1"));
        NativeLibraries.unpack();
        Node node = new Node(nodeRank, nodes, processes, at.host(), at.port());
        return leash
                ? leashed(node)
                : new NodeLauncher(Main.class.getName(), Map.of(), System.err)
                        .elastic(isElastic())
                        .run(node, command);
    }

    private boolean isElastic() {
        return command.stream().anyMatch(word -> word.equals("--elastic") || word.startsWith("--elastic="));
    }

    /** Runs for a launcher at the other end of standard input. */
    private int leashed(Node node) {
        Path secret = null;
        try {
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
            String text = input.readLine();
            secret = GroupSecret.store(text == null ? "" : text);
            NodeLauncher launcher = new NodeLauncher(
                            Main.class.getName(), Map.of(GroupSecret.VARIABLE, secret.toString()), System.err)
                    .elastic(isElastic());
            Thread waiting = new Thread(() -> awaitEnd(input, launcher), "lockstep-leash");
            waiting.setDaemon(true);
            waiting.start();
            return launcher.run(node, command);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            delete(secret);
        }
    }

    private static void awaitEnd(BufferedReader input, NodeLauncher launcher) {
        try {
            while (input.readLine() != null) {
                // Nothing else is sent.
            }
        } catch (IOException e) {
            // The other end is gone.
        }
        launcher.stop();
    }

    private static void delete(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // It stays in the system's temporary folder; its group has ended.
        }
    }

    private int bySsh() {
        if (hosts.isEmpty() || ssh.isEmpty()) {
            throw LockstepException.recipe(
                    hosts.isEmpty() ? "--ssh without --hosts" : "--hosts without --ssh",
                    "",
                    "give both, or run the command with --nnodes and --node-rank on each machine");
        }
        if (nodes != 1 || nodeRank != 0 || hosts.stream().anyMatch(host -> host.isBlank() || host.startsWith("-"))) {
            throw LockstepException.recipe(
                    "--hosts = " + String.join(",", hosts),
                    "--nnodes = " + nodes + ", --node-rank = " + nodeRank,
                    "give the names of the machines, and neither --nnodes nor --node-rank");
        }
        range("--nproc-per-node", processes, 1, Place.MOST / hosts.size());
        SupervisorAddress at = master(master.orElse(hosts.get(0).replaceFirst("^[^@]*@", "")));
        List<String> commands = new ArrayList<>();
        for (int i = 0; i < hosts.size(); i++) {
            commands.add(remote(i, at));
        }
        return new SshLauncher(List.of(ssh.orElseThrow().split(" +", -1)), System.out, System.err)
                .elastic(isElastic())
                .run(hosts, commands, secret());
    }

    /** The command for one host: the same checkout, in the same folder. */
    private String remote(int rank, SupervisorAddress at) {
        List<String> words = new ArrayList<>(List.of("env"));
        for (String name : PASSED_ON) {
            String value = System.getenv(name);
            if (value != null) {
                words.add(name + "=" + value);
            }
        }
        words.add(Path.of(System.getenv().getOrDefault("LOCKSTEP_HOME", "."))
                .resolve("lockstep")
                .toString());
        words.addAll(List.of("launch", "--leash", "--nnodes", Integer.toString(hosts.size())));
        words.addAll(List.of("--node-rank", Integer.toString(rank), "--nproc-per-node", Integer.toString(processes)));
        words.addAll(List.of("--master", at.toString(), "--"));
        words.addAll(command);
        return "cd " + SshLauncher.quoted(Path.of("").toAbsolutePath().toString()) + " && exec "
                + SshLauncher.quoted(words);
    }

    /** That of the user, or a fresh one. */
    private static String secret() {
        String file = System.getenv().getOrDefault(GroupSecret.VARIABLE, "");
        Path path = file.isEmpty() ? GroupSecret.create() : Path.of(file);
        try {
            GroupSecret.read(path);
            return Files.readString(path).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (file.isEmpty()) {
                delete(path);
            }
        }
    }

    private static SupervisorAddress master(String text) {
        Matcher matcher = MASTER.matcher(text);
        int port = matcher.matches() && matcher.group(2) != null
                ? Integer.parseInt(matcher.group(2))
                : GroupEnvironment.USUAL_PORT;
        if (!matcher.matches() || port < 1 || port > LAST_PORT) {
            throw LockstepException.recipe("--master = " + text, "not of the form HOST or HOST:PORT", "correct it");
        }
        return new SupervisorAddress(matcher.group(1), port);
    }

    private static void range(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw LockstepException.recipe(
                    option + " = " + value + " is not a number from " + least + " to " + most, "", "correct it");
        }
    }
}
