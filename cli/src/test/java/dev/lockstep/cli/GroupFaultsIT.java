package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.command.SkipBadImagesCommandTest;
import dev.lockstep.cli.command.TinyStudy;
import dev.lockstep.launch.ChildJvm;
import dev.lockstep.sampling.MinibatchPlan;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Groups of real trainings over the tree collective, started by hand with torchrun's variables as well as by our
 * launcher, to which something happens. {@code evidence/run faults} has many more cases.
 */
@Timeout(120)
final class GroupFaultsIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private final List<Process> processes = new ArrayList<>();
    private Path recipe = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void recipe() throws IOException {
        recipe = TinyStudy.endlessRecipe(folder);
        out = folder.resolve("run");
    }

    @AfterEach
    void end() {
        processes.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }

    @Test
    void killedRank_withoutOurLauncher_isNamedByEverySurvivor() throws Exception {
        group(freePort(), 2, "--checkpoint-every", "1");
        await(this::hasCheckpoint);
        processes.get(1).destroyForcibly();
        assertThat(exitCode(0)).isEqualTo(4);
        assertThat(errors("rank-0.out"))
                .singleElement()
                .satisfies(line ->
                        assertThat(line).startsWith("error: rank 1 on ").contains(" ended without deregistering, "));
    }

    /** A bad image ends its process in good order: it is the culprit all the same, not whoever notices. */
    @ParameterizedTest
    @CsvSource({"4, 3", "2, 0"})
    void rankWithABadImage_withoutOurLauncher_isNamedByEverySurvivor(int size, int culprit) throws Exception {
        String bad = photographs(4 / size * culprit);
        group(freePort(), size, "--data", folder.toString());
        for (int rank = 0; rank < size; rank++) {
            String fault = "not a JPEG, PNG, WebP, BMP, GIF or TIFF file, .*" + bad + ".*";
            boolean own = rank == culprit;
            assertThat(exitCode(rank)).as("rank %d", rank).isEqualTo(own ? 3 : 4);
            assertThat(errors("rank-" + rank + ".out"))
                    .singleElement()
                    .asString()
                    .matches(own ? "error: " + fault : "error: rank " + culprit + " on \\S+ failed: " + fault);
        }
    }

    /** A recipe of four workers on a folder in which one image of a worker's first batch is bad; returns its name. */
    private String photographs(int worker) throws IOException {
        int bad = new MinibatchPlan(3, 24, 4, 2).samples(0, 0, worker)[0];
        List<String> names = new ArrayList<>();
        for (String type : List.of("ant", "bee")) {
            for (int i = 0; i < 12; i++) {
                names.add(type + "/" + (char) ('a' + i) + ".png");
            }
        }
        for (int i = 0; i < names.size(); i++) {
            byte[] image = SkipBadImagesCommandTest.image(i % 12);
            write("train/" + names.get(i), i == bad ? new byte[7] : image);
            write("val/" + names.get(i), image);
        }
        recipe = Files.writeString(folder.resolve("photographs.yaml"), """
                        name: photographs
                        seed: 3
                        epochs: 1
                        workers: 4
                        images-per-worker: 2
                        data: {dataset: imagefolder, image-size: 16}
                        model: {name: resnet8, width: 4}
                        """);
        return names.get(bad);
    }

    private void write(String name, byte[] bytes) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }

    @Test
    void singleProcess_withRestarts_isStartedAgain() throws Exception {
        Process launcher = start("launcher.out", Map.of(), "--checkpoint-every", "1", "--max-restarts", "1");
        await(this::hasCheckpoint);
        ProcessHandle child = launcher.children()
                .filter(process -> rankOf(process).equals("0"))
                .findFirst()
                .orElseThrow();
        child.destroyForcibly();
        await(() -> launcher.children()
                .anyMatch(process -> process.pid() != child.pid()
                        && process.isAlive()
                        && rankOf(process).equals("0")));
        new ProcessBuilder("kill", "-TERM", Long.toString(launcher.pid()))
                .start()
                .waitFor();
        assertThat(exitCode(0)).isEqualTo(143);
        assertThat(Files.readString(folder.resolve("launcher.out")))
                .contains("restart 1 of 1: rank 0 on ", " was killed by signal 9 (SIGKILL)");
    }

    /** torchrun's agent keeps the store, and what a group has left there meets the next one. */
    @Test
    void groupThatTorchrunStartsAgain_comesTogether() throws Exception {
        TorchRuntime.load();
        try (TCPStoreOptions options = new TCPStoreOptions().isServer(true).waitWorkers(false);
                TCPStore agent = new TCPStore("127.0.0.1", options.port((short) 0))) {
            String port = Integer.toString(agent.getPort() & 0xffff);
            for (int life = 0; life < 2; life++) {
                for (int rank = 0; rank < 2; rank++) {
                    Map<String, String> environment = new HashMap<>(place(rank, 2, port));
                    environment.put("TORCHELASTIC_USE_AGENT_STORE", "True");
                    environment.put("TORCHELASTIC_RUN_ID", "none");
                    environment.put("TORCHELASTIC_RESTART_COUNT", Integer.toString(life));
                    start("rank-" + rank + ".out", environment, "--stop-after", Integer.toString(life + 1));
                }
                // The one that may find the old keys first.
                assertThat(List.of(exitCode(2 * life + 1), exitCode(2 * life)))
                        .as(() -> read("rank-0.out") + read("rank-1.out"))
                        .containsExactly(0, 0);
            }
        }
        assertThat(out.resolve("result.json")).content().contains("\"steps\":2,");
    }

    /** Machines without shared storage: only rank 0 reads and writes a run folder. */
    @Test
    void foldersThatAreNotShared_resumeToTheWeightsOfAnUninterruptedRun() throws Exception {
        group(freePort(), 2, "--stop-after", "4");
        assertThat(List.of(exitCode(0), exitCode(1))).containsExactly(0, 0);
        String whole = weights();
        for (int life = 1; life <= 2; life++) {
            String port = freePort();
            for (int rank = 0; rank < 2; rank++) {
                out = folder.resolve("own-" + rank);
                start("life-" + life + "-" + rank + ".out", place(rank, 2, port), "--stop-after", "" + 2 * life);
            }
            assertThat(List.of(exitCode(2 * life), exitCode(2 * life + 1)))
                    .as(read("life-" + life + "-1.out"))
                    .containsExactly(0, 0);
        }
        assertThat(out.resolve("checkpoints")).doesNotExist();
        out = folder.resolve("own-0");
        assertThat(weights()).isEqualTo(whole);
        assertThat(read("life-2-0.out")).contains("rank 0 has sent its state of step 2 to the other processes");
    }

    private String weights() throws IOException {
        return Files.readString(out.resolve("result.json")).replaceFirst("(?s).*\"weights_sha256\":\"(\\w+)\".*", "$1");
    }

    @Test
    void restarts_inTheGroupOfAnotherLauncher_areRefused() throws Exception {
        start("rank-0.out", place(0, 2, freePort()), "--max-restarts", "1");
        assertThat(exitCode(0)).isEqualTo(2);
        assertThat(errors("rank-0.out"))
                .singleElement()
                .asString()
                .startsWith("error: --max-restarts = 1 only applies to");
    }

    @Test
    void signalToOneRank_stopsAllAfterTheSameStep() throws Exception {
        group(freePort(), 2, "--checkpoint-every", "1");
        await(this::hasCheckpoint);
        new ProcessBuilder("kill", "-TERM", Long.toString(processes.get(1).pid()))
                .start()
                .waitFor();
        assertThat(List.of(exitCode(0), exitCode(1))).containsExactly(143, 143);
        assertThat(out.resolve("result.json")).content().contains("\"status\":\"interrupted\"");
    }

    @Test
    void rankZeroOfAnElasticGroup_comesBackByTheSameCommand() throws Exception {
        String port = freePort();
        group(port, 2, "--elastic", "1:2");
        await(() -> Files.exists(out.resolve("group.txt")) && Files.exists(out.resolve("metrics.jsonl")));
        processes.remove(0).destroyForcibly();
        await(() -> read("rank-1.out").contains("1 process continues from step "));
        start("again.out", place(0, 2, port), "--elastic", "1:2");
        await(() -> read("again.out").contains("this process takes part from step "));
        assertThat(read("rank-1.out")).contains("process 1 on ", " keeps the group now", "process 2 joins the group");
        for (Process process : processes) {
            new ProcessBuilder("kill", "-TERM", Long.toString(process.pid()))
                    .start()
                    .waitFor();
        }
        // One may have left before the other heard of it.
        assertThat(List.of(exitCode(0), exitCode(1))).isSubsetOf(0, 143).contains(143);
        assertThat(out.resolve("result.json")).content().contains("\"status\":\"interrupted\"");
    }

    @Test
    void differentRecipes_areRefusedByEveryProcess() throws Exception {
        String port = freePort();
        start("rank-0.out", place(0, 2, port));
        start("rank-1.out", place(1, 2, port), "--set", "seed=2");
        for (int rank = 0; rank < 2; rank++) {
            assertThat(exitCode(rank)).isEqualTo(2);
            assertThat(errors("rank-" + rank + ".out"))
                    .singleElement()
                    .asString()
                    .contains("processes have different recipes: seed = 0 (2), rank = 0 (rank = 1)");
        }
        assertThat(out.resolve("metrics.jsonl")).doesNotExist();
    }

    @Test
    void takenPort_isOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            String port = Integer.toString(taken.getLocalPort());
            start("rank-0.out", place(0, 2, port));
            assertThat(exitCode(0)).isEqualTo(2);
            assertThat(Files.readString(folder.resolve("rank-0.out")))
                    .isEqualTo("error: MASTER_PORT = " + port
                            + " is taken, rank 0 cannot listen there, choose another port for all processes\n");
        }
    }

    /** Known before anybody waits for the others. */
    @Test
    void sizeThatDoesNotFitTheWorkers_isSaidBeforeTheGroupIsAwaited() throws Exception {
        start("rank-0.out", place(0, 1000, freePort()));
        assertThat(exitCode(0)).isEqualTo(2);
        assertThat(Files.readString(folder.resolve("rank-0.out")))
                .startsWith("error: procs = 1000 is larger than workers = 2,");
    }

    private void group(String port, int size, String... options) throws IOException {
        for (int rank = 0; rank < size; rank++) {
            start("rank-" + rank + ".out", place(rank, size, port), options);
        }
    }

    private static Map<String, String> place(int rank, int size, String port) {
        return Map.of(
                "RANK",
                Integer.toString(rank),
                "WORLD_SIZE",
                Integer.toString(size),
                "MASTER_ADDR",
                "127.0.0.1",
                "MASTER_PORT",
                port);
    }

    private Process start(String log, Map<String, String> environment, String... options) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("train", recipe.toString(), "--out", out.toString(), "--lanes", "1"));
        arguments.addAll(List.of(options));
        ProcessBuilder builder = ChildJvm.of(Main.class.getName(), arguments)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(log).toFile());
        // Over before the optimizing compiler pays; processes of a launcher inherit it.
        builder.command().addAll(1, List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    /** The rank of a launcher's child, from its environment; empty for other children. */
    private static String rankOf(ProcessHandle child) {
        try {
            return Stream.of(Files.readString(Path.of("/proc", Long.toString(child.pid()), "environ"))
                            .split("\0"))
                    .filter(variable -> variable.startsWith("RANK="))
                    .map(variable -> variable.substring(5))
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return Integer.toString(socket.getLocalPort());
        }
    }

    private boolean hasCheckpoint() {
        Path checkpoints = out.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return false;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.anyMatch(file -> file.toString().endsWith(".safetensors"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void await(BooleanSupplier condition) throws InterruptedException {
        while (!condition.getAsBoolean()) {
            assertThat(processes).allMatch(Process::isAlive);
            Thread.sleep(20);
        }
    }

    private int exitCode(int process) throws InterruptedException {
        assertThat(processes.get(process).waitFor(60, TimeUnit.SECONDS)).isTrue();
        return processes.get(process).exitValue();
    }

    private String read(String log) {
        try {
            return Files.readString(folder.resolve(log));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> errors(String log) throws IOException {
        return Files.readString(folder.resolve(log))
                .lines()
                .filter(line -> line.startsWith("error: "))
                .toList();
    }
}
