package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The bitwise promise of the oneDNN engine: the same weights for every placement, in float32 and in bf16. */
final class EngineBits {
    private static final int STEPS = 40;
    private static final String PLACEMENTS = "1:1:1 1:2:1 2:1:1 3:1:1 4:1:1 8:1:1 4:2:4 2:1:1:1,7";

    private EngineBits() {}

    static void play(Stage stage, Settings settings) throws IOException {
        Path target = stage.checkout().home().resolve("onednn/target");
        if (!Files.exists(target.resolve("classpath.txt"))) {
            stage.report().skip("engines", "build it first: mvn -pl cli,onednn -am -DskipTests package");
            return;
        }
        Bitwise bitwise = new Bitwise(stage, STEPS, classPath(target));
        bitwise.grid("onednn", PLACEMENTS, "--engine", "onednn");
        bitwise.grid(
                "onednn, augmented", "1:1:1 2:2:4", "--engine", "onednn", "--set", "data.augmentation=pad-crop-flip");
        bitwise.grid("onednn, k = 7", "1:1:1 2:1:1 3:1:1 7:1:1", "--engine", "onednn", "--set", "workers=7");
        String flags = Files.readString(Path.of("/proc/cpuinfo"));
        if (flags.contains("avx512_bf16") || flags.contains("amx_bf16")) {
            bitwise.grid(
                    "onednn, bf16", "1:1:1 1:2:1 2:1:1 4:1:1", "--set", "engine=onednn", "--set", "precision=bf16");
        }
    }

    private static String classPath(Path target) throws IOException {
        StringBuilder path = new StringBuilder(
                Files.readString(target.resolve("classpath.txt")).strip());
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(target, "lockstep-onednn-*.jar")) {
            jars.forEach(jar -> path.append(':').append(jar));
        }
        return path.toString();
    }
}
