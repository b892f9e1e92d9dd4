package dev.lockstep.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The pods of deploy/kubernetes/job.yaml without a cluster: its variables and arguments, each process as process 1 of a
 * namespace, and the signal that the kubelet sends when a pod is preempted.
 */
@Timeout(600)
final class PodsIT {
    private static final int PODS = 2;
    private static final List<String> OPTIONS = List.of(
            "--stop-after", "120", "--set", "data.dataset=synthetic:images=40960,validation=64,shape=1x8x8,classes=10");

    @TempDir
    Path temp;

    private final List<Process> started = new ArrayList<>();
    private Path home;
    private JsonNode container = NullNode.getInstance();

    @BeforeEach
    void unpack() throws Exception {
        assumeTrue(Sandbox.ROOT); // for the namespaces
        Sandbox.require("tar", "-xzf", System.getProperty("lockstep.archive"), "-C", temp.toString());
        home = temp.resolve("lockstep-" + System.getProperty("lockstep.version"));
        for (Object document : new Load(LoadSettings.builder().build())
                .loadAllFromString(Files.readString(home.resolve("deploy/kubernetes/job.yaml")))) {
            container = new ObjectMapper().valueToTree(document).at("/spec/template/spec/containers/0");
        }
        Path secret = Files.createFile(
                Files.createDirectory(temp.resolve("secret")).resolve("secret"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r--------")));
        Files.writeString(secret, "the same text in every pod, sixteen bytes or more");
    }

    @AfterEach
    void end() {
        started.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }

    /** Where the manifest's folders are here. */
    private String here(String text) {
        return text.replace("/opt/lockstep", home.toString())
                .replaceFirst("^/(runs|secret|cache)", temp + "/$1")
                .replace("lockstep-0.lockstep", "127.0.0.1");
    }

    private Process pod(int index, int port, Path log) throws IOException {
        List<String> command = new ArrayList<>(List.of("unshare", "-pf", "--kill-child", "--mount-proc", "env", "-i"));
        command.add("PATH=/usr/bin:/bin");
        command.add("JAVA_HOME=" + System.getProperty("java.home"));
        command.add("LOCKSTEP_CACHE=" + temp.resolve("natives")); // which the image brings
        for (JsonNode variable : container.path("env")) {
            String name = variable.path("name").asText();
            String value = switch (name) {
                case "RANK" -> Integer.toString(index); // from the completion index
                case "MASTER_PORT" -> Integer.toString(port);
                default -> here(variable.path("value").asText());
            };
            command.add(name + "=" + value);
        }
        command.add(home.resolve("bin/lockstep").toString());
        container.path("args").forEach(argument -> command.add(here(argument.asText())));
        command.addAll(OPTIONS);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(log.toFile())
                .start();
        started.add(process);
        return process;
    }

    private List<Process> pods(String round) throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        List<Process> pods = new ArrayList<>();
        for (int index = 0; index < PODS; index++) {
            pods.add(pod(index, port, log(round, index)));
        }
        return pods;
    }

    private Path log(String round, int index) {
        return temp.resolve(round + index + ".log");
    }

    private String said(String round) throws IOException {
        StringBuilder said = new StringBuilder();
        for (int index = 0; index < PODS; index++) {
            said.append(Files.readString(log(round, index)));
        }
        return said.toString();
    }

    private static long steps(Path run) throws IOException {
        Path metrics = run.resolve("metrics.jsonl");
        if (!Files.exists(metrics)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(metrics)) {
            return lines.filter(line -> line.contains("\"learning_rate\"")).count();
        }
    }

    private static int exitCode(Process process) throws InterruptedException {
        assertThat(process.waitFor(120, TimeUnit.SECONDS))
                .as("ends within the manifest's grace period")
                .isTrue();
        return process.exitValue();
    }

    /** The kubelet preempts pod 1. Its group ends with 143, which the manifest ignores, and new pods finish the run. */
    @Test
    void sigtermToOnePod_savesAndStopsAll_andNewPodsEndWithTheSameWeights() throws Exception {
        Path run = temp.resolve("runs/fashion-mnist");
        List<Process> pods = pods("first");
        while (steps(run) < 5) {
            assertThat(pods).as(said("first")).allMatch(Process::isAlive);
            Thread.sleep(50);
        }
        // The child of unshare is process 1 in its namespace.
        pods.get(1).children().forEach(ProcessHandle::destroy);
        for (Process pod : pods) {
            assertThat(exitCode(pod)).as(said("first")).isEqualTo(143);
        }
        long saved = steps(run);
        assertThat(saved).as(said("first")).isLessThan(120);

        for (Process pod : pods("second")) {
            assertThat(exitCode(pod)).as(said("second")).isZero();
        }
        assertThat(said("second")).contains("resuming at step ");
        assertThat(Sandbox.weights(run)).isEqualTo(undisturbed());
    }

    private String undisturbed() throws Exception {
        Path out = temp.resolve("undisturbed");
        List<String> arguments = new ArrayList<>(List.of(
                "train", home.resolve("recipes/fashion-mnist.yaml").toString(), "--out", out.toString()));
        arguments.addAll(OPTIONS);
        return Sandbox.weightsOf(home.resolve("bin/lockstep"), out, arguments.toArray(String[]::new));
    }
}
