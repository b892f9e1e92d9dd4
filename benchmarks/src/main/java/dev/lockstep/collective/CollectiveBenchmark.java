package dev.lockstep.collective;

import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Compares the tree all-reduce with c10d's ring, alternating in the same processes. Prints a Markdown table of the
 * medians and of their ratio, which is robust on a busy machine.
 *
 * <p>If the environment describes a group (see {@code netns.sh}), this process joins it; otherwise it starts P
 * processes for each P.
 *
 * <pre>java … dev.lockstep.collective.CollectiveBenchmark [--procs 2,4,8] [--kib 1,16,…] [--seconds 2] [--title TEXT]
 *     [--short ELEMENTS] [--piece ELEMENTS]</pre>
 */
final class CollectiveBenchmark {
    private static final String KIB = "1,4,16,64,256,1024,4096,16384,102400";

    private final Map<String, String> options;

    private CollectiveBenchmark(Map<String, String> options) {
        this.options = options;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new java.util.HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            options.put(arguments[i], arguments[i + 1]);
        }
        CollectiveBenchmark benchmark = new CollectiveBenchmark(options);
        if (Collectives.isInGroup()) {
            benchmark.take();
            Runtime.getRuntime().halt(0);
        }
        header();
        for (String processes : options.getOrDefault("--procs", "2,4,8").split(",")) {
            launch(Integer.parseInt(processes), List.of(arguments));
        }
        Runtime.getRuntime().halt(0);
    }

    private static void header() {
        System.out.println("| P | bytes | tree, ms | ring, ms | tree/ring |");
        System.out.println("| --- | --- | --- | --- | --- |");
    }

    private static void launch(int processes, List<String> arguments) throws IOException, InterruptedException {
        Consumer<MemberEvent> failures = event -> {
            if (event.what() == MemberEvent.What.LOST || event.what() == MemberEvent.What.FAILED) {
                throw new IllegalStateException("rank " + event.rank() + " failed: " + event.detail());
            }
        };
        List<Process> group = new ArrayList<>();
        Path secret = GroupSecret.create();
        GroupSecret proved = GroupSecret.from(Map.of(GroupSecret.VARIABLE, secret.toString()));
        try (Supervisor supervisor =
                Supervisor.onLoopback(processes, proved, Duration.ofMinutes(10), failures, line -> {})) {
            for (int rank = 0; rank < processes; rank++) {
                group.add(start(rank, processes, supervisor.address(), secret, arguments));
            }
            for (Process process : group) {
                if (process.waitFor() != 0) {
                    throw new IllegalStateException("a process ended with exit status " + process.exitValue());
                }
            }
        } finally {
            group.forEach(Process::destroyForcibly);
            Files.deleteIfExists(secret);
        }
    }

    private static Process start(int rank, int size, SupervisorAddress supervisor, Path secret, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), CollectiveBenchmark.class.getName()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(
                        rank == 0
                                ? ProcessBuilder.Redirect.INHERIT
                                : ProcessBuilder.Redirect.to(new File("/dev/null")));
        builder.environment().putAll(GroupEnvironment.local(rank, size, supervisor, secret));
        return builder.start();
    }

    /** Takes part as one process of a group. */
    private void take() {
        GroupOptions terms = GroupOptions.defaults().withPeerTimeout(Duration.ofMinutes(10));
        SocketGroup group = Collectives.socketGroup(terms, FailurePolicy.THROW, System.getenv());
        Collective tree = new TreeCollective(
                group,
                number("--short", TreeCollective.SHORT_ELEMENTS),
                number("--piece", TreeCollective.PIECE_ELEMENTS));
        Collective ring = new NativeCollective(group, "");
        for (String kib : options.getOrDefault("--kib", KIB).split(",")) {
            measure(tree, ring, Math.round(Double.parseDouble(kib) * 1024 / Float.BYTES));
        }
        tree.close();
    }

    private long number(String option, long standard) {
        return Long.parseLong(options.getOrDefault(option, Long.toString(standard)));
    }

    private void measure(Collective tree, Collective ring, long elements) {
        Tensor buffer = torch.zeros(elements);
        int rounds = rounds(tree, ring, buffer);
        double[] trees = new double[rounds];
        double[] rings = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            trees[round] = milliseconds(tree, buffer);
            rings[round] = milliseconds(ring, buffer);
        }
        if (tree.rank() == 0) {
            double fast = median(trees);
            double slow = median(rings);
            System.out.printf(
                    Locale.ROOT,
                    "| %d | %d | %.3f | %.3f | %.2f |%n",
                    tree.size(),
                    elements * Float.BYTES,
                    fast,
                    slow,
                    fast / slow);
        }
        buffer.close();
    }

    /** The number of rounds that fit into the time, the same on all processes. Also warms both up. */
    private int rounds(Collective tree, Collective ring, Tensor buffer) {
        double spent = 0;
        for (int i = 0; i < 5; i++) {
            spent = milliseconds(tree, buffer) + milliseconds(ring, buffer);
        }
        long rounds = Math.round(1000 * Double.parseDouble(options.getOrDefault("--seconds", "2")) / spent);
        byte[] mine =
                Long.toString(Math.max(9, Math.min(3000, rounds))).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        return Integer.parseInt(new String(tree.allGather(mine).get(0), java.nio.charset.StandardCharsets.US_ASCII));
    }

    private static double milliseconds(Collective collective, Tensor buffer) {
        long start = System.nanoTime();
        collective.allReduceSum(buffer);
        return (System.nanoTime() - start) * 1e-6;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
