package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.nio.file.Files;
import java.nio.file.Path;

/** What of computing on a GPU can be seen without one: libtorch for CUDA loads, and says in one line that there is no driver. */
final class GpuLoad {
    private static final Path DRIVER = Path.of("/proc/driver/nvidia/version");

    private GpuLoad() {}

    static void play(Stage stage, Settings settings) throws Exception {
        Running setup = stage.complete(stage.lockstep("gpu-setup", "--dry-run"), "setup.log");
        if (setup.exitCode() != 0) {
            stage.report().skip("gpu-load", "run 'lockstep gpu-setup' first");
            return;
        }
        stage.check("libtorch for CUDA", "loads in a JVM with all of its CUDA libraries", claims -> {
            Running doctor = stage.complete(stage.lockstep("doctor").env("LOCKSTEP_DEVICE", "cuda"), "doctor.log");
            claims.claim(doctor.log().says("ok +libtorch +[0-9].*, loaded in"), "libtorch does not load");
            claims.equal("exit code", Files.exists(DRIVER) ? 0 : 2, doctor.exitCode());
        });
        if (Files.exists(DRIVER)) {
            stage.report().skip("no driver", "there is one");
            return;
        }
        stage.check("--device cuda without a driver", "refused in one line, nothing trained", claims -> {
            Running refused = stage.complete(
                    stage.train("fashion-mnist.yaml", stage.run("refused"), "--device", "cuda"), "refused.log");
            claims.equal("exit code", 2, refused.exitCode());
            claims.claim(
                    refused.log().says("^error: there is no NVIDIA driver, --device = cuda, .*use --device cpu$"),
                    "other words: " + refused.log().lastLine());
            claims.claim(!Files.exists(stage.path("refused/metrics.jsonl")), "trained");
        });
        stage.check("--device cuda:3 in a group of two", "refused before processes start", claims -> {
            Running refused = stage.complete(
                    stage.train("fashion-mnist.yaml", stage.run("group"), "--device", "cuda:3", "--procs", "2"),
                    "group.log");
            claims.equal("exit code", 2, refused.exitCode());
            claims.claim(refused.log().count("^error: ") == 1, "not one line");
        });
    }
}
