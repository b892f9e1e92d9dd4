package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the build for GPUs does where there is no card: its libraries load, it trains on the CPU if asked, and it refuses to
 * compute on a card. Shows nothing about a card.
 */
final class GpuLoad {
    private static final String PROBE = "dev.lockstep.cli.doctor.NativeProbe";
    private static final String CHECK = "dev.lockstep.cuda.KernelCheck";
    /** The five for which libtorch has code, and a later card of one generation. */
    private static final long KINDS = 6;
    /** Six shapes, two types, three forms. */
    private static final long COMPARISONS = 36;

    private static final long NETWORKS = 2;

    private static final String DATA = "data.dataset=synthetic:images=512,validation=64,shape=1x8x8,classes=10";

    private final Stage stage;
    private final String classPath;

    private GpuLoad(Stage stage, String classPath) {
        this.stage = stage;
        this.classPath = classPath;
    }

    static void play(Stage stage, Settings settings) throws IOException {
        Path target = stage.checkout().home().resolve("cli/target");
        if (!Files.exists(target.resolve("gpu-classpath.txt"))) {
            stage.report().skip("gpu-load", "install the GPU libraries first: lockstep gpu-setup");
            return;
        }
        GpuLoad load = new GpuLoad(stage, classPath(target));
        stage.check("the libraries load", "libtorch, its JNI and the CUDA libraries load in a JVM", load::loads);
        if (Stage.has("g++", "g++")) {
            // Without a driver, g++ makes the empty library that stands for it.
            stage.check(
                    "kernels and NCCL",
                    "NVRTC compiles the kernels for every kind of card, NCCL answers",
                    load::compiles);
            stage.check(
                    "kernels as C++",
                    "compute what libtorch computes in float64, for float32 and bf16, with and without sum and ReLU, and train",
                    load::computes);
        } else {
            stage.report().skip("kernels", "install g++ (Debian: apt-get install g++)");
        }
        stage.check("the build for GPUs on the CPU", "trains", load::trains);
        if (Files.exists(Path.of("/dev/nvidiactl"))) {
            stage.report().skip("refusals", "this machine has an NVIDIA driver");
            return;
        }
        stage.check("--device cuda", "refused in one line, exit code 2, nothing is trained", load::refuses);
        stage.check("--device auto", "takes the CPU and says why", load::chooses);
    }

    /** That of the launcher for {@code --device cuda}. */
    private static String classPath(Path target) throws IOException {
        StringBuilder path = new StringBuilder();
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(target, "lockstep-cli-*.jar")) {
            jars.forEach(jar -> path.append(jar).append(':'));
        }
        return path + Files.readString(target.resolve("gpu-classpath.txt")).strip();
    }

    private Command java(String... words) {
        return Command.of(
                        Jdk.tool("java"),
                        "-Dorg.bytedeco.javacpp.platform.extension=-gpu",
                        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                        "-Dorg.bytedeco.javacpp.maxBytes=0",
                        "-cp",
                        classPath)
                .with(words)
                .env("LC_ALL", "C.UTF-8");
    }

    private String[] train(RunFolder run, String device) {
        return new String[] {
            "train",
            stage.checkout().recipe("fashion-mnist.yaml").toString(),
            "--out",
            run.path().toString(),
            "--device",
            device,
            "--stop-after",
            "2",
            "--set",
            DATA
        };
    }

    private void loads(Case claims) throws IOException, InterruptedException {
        Running probe = stage.complete(java(PROBE), "probe.log");
        claims.equal("exit code", 0, probe.exitCode());
        claims.claim(probe.log().says("\"libtorch\""), probe.log().lastLine());
    }

    private void compiles(Case claims) throws IOException, InterruptedException {
        Running check = stage.complete(java(CHECK, "compile"), "kernels-compile.log");
        claims.equal("exit code", 0, check.exitCode());
        claims.claim(
                check.log().says("good: NCCL 2\\.[0-9.]+ answers"), check.log().lastLine());
        claims.equal(
                "kinds of cards",
                KINDS,
                check.log().lines().stream()
                        .filter(line -> line.startsWith("good: kernels for sm_"))
                        .count());
    }

    private void computes(Case claims) throws IOException, InterruptedException {
        Running check = stage.complete(java(CHECK, "host"), "kernels-host.log");
        claims.equal("exit code", 0, check.exitCode());
        claims.equal(
                "comparisons",
                COMPARISONS,
                check.log().lines().stream()
                        .filter(line -> line.startsWith("good: ["))
                        .count());
        claims.equal(
                "networks",
                NETWORKS,
                check.log().lines().stream()
                        .filter(line -> line.startsWith("good: training of "))
                        .count());
    }

    private void trains(Case claims) throws IOException, InterruptedException {
        RunFolder run = stage.run("on-cpu");
        Running training = stage.complete(java("dev.lockstep.cli.Main").with(train(run, "cpu")), "on-cpu.log");
        claims.equal("exit code", 0, training.exitCode());
        claims.equal("checkpoint of step", 2, run.newest());
    }

    private void refuses(Case claims) throws IOException, InterruptedException {
        RunFolder run = stage.run("on-card");
        Running refused = stage.complete(stage.lockstep(train(run, "cuda")), "on-card.log");
        SmallRuns.exits(claims, refused, 2);
        claims.claim(
                refused.log().says("^error: there is no NVIDIA driver, --device = cuda, .*"),
                refused.log().lastLine());
        claims.equal("lines", 1, refused.log().lines().size());
        claims.claim(!Files.exists(run.path()), "there is a run folder");
    }

    private void chooses(Case claims) throws IOException, InterruptedException {
        RunFolder run = stage.run("automatic");
        Running training = stage.complete(java("dev.lockstep.cli.Main").with(train(run, "auto")), "automatic.log");
        claims.equal("exit code", 0, training.exitCode());
        claims.claim(
                training.log().says("^device = cpu, because there is no NVIDIA driver"),
                training.log().lastLine());
    }
}
