package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.latedevice.LateProvider;
import dev.lockstep.torch.DeviceProvider;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code lockstep verify --device cuda}: refused where there is no card, and from end to end on a device that stands for one. */
final class VerifyDeviceIT {
    /** Some 20 JVMs: half a minute, much more on a machine that is busy. */
    private static final int PATIENCE_SECONDS = 500;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Path recipe() throws IOException {
        return Files.writeString(folder.resolve("recipe.yaml"), """
                name: any
                epochs: 1
                workers: 3
                images-per-worker: 4
                data: {dataset: "synthetic:images=384,validation=8,shape=3x8x8,classes=7"}
                model: {name: resnet8, width: 4}
                learning-rate: {reference-minibatch: 8}
                """);
    }

    @Test
    void withoutTheModule_isRefusedInOneLine() throws IOException {
        CapturedRun run = CapturedRun.of("verify", recipe().toString(), "--device", "cuda");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err().strip().lines())
                .containsExactly(
                        "error: lockstep-cuda is not on the class path, --device = cuda, start with the launcher"
                                + " after 'lockstep gpu-setup', or use --device cpu");
        assertThat(run.out()).isEmpty();
    }

    /** A JVM that finds the device; those that it starts have its class path. */
    private Process verify() throws IOException {
        Path services = Files.createDirectories(folder.resolve("late/META-INF/services"));
        Files.writeString(services.resolve(DeviceProvider.class.getName()), LateProvider.class.getName());
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                folder.resolve("late") + File.pathSeparator + System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of("verify", recipe().toString(), "--device", "cuda", "--steps", "24", "--json"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectError(folder.resolve("err").toFile())
                .redirectOutput(folder.resolve("out").toFile());
        builder.environment().put("OMP_NUM_THREADS", "1");
        return builder.start();
    }

    @Test
    void onADeviceThatStandsForACard_comparesEverything() throws IOException, InterruptedException {
        Process verify = verify();
        try {
            assertThat(verify.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        } finally {
            // Its children end with it.
            verify.destroyForcibly();
        }
        String err = Files.readString(folder.resolve("err"));
        assertThat(verify.exitValue()).as(err).isZero();
        // The table is the last line; a logging library may have written others before it.
        String table = Files.readAllLines(folder.resolve("out")).stream().reduce("", (before, line) -> line);
        JsonNode found = new ObjectMapper().readTree(table);
        assertThat(found.get("bitwise").asBoolean()).as(table).isTrue();
        assertThat(found.get("distance_to_float64").asDouble()).isBetween(1e-12, 1e-3);
        // Lanes 1, 2 and 4, P = 2 and 3, another division, a run that was killed, one that lost a process, and sums of
        // Gloo.
        assertThat(found.get("rows")).hasSize(9);
        assertThat(table)
                .contains("killed at P = 2")
                .contains("lost one after step")
                .contains("\"native\"");
    }
}
