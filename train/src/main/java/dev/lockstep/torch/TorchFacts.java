package dev.lockstep.torch;

import dev.lockstep.natives.NativeLibraries;
import java.io.IOException;
import org.bytedeco.pytorch.global.torch;

/**
 * Facts about the native code, available once it is loaded.
 *
 * @param libtorch its version
 * @param javacpp the version of the bridge to it
 * @param cpuCapability the instructions that its kernels use, such as {@code AVX2}; one of the factors that determine
 *     the bits
 * @param threads OpenMP threads of the calling thread
 */
public record TorchFacts(String libtorch, String javacpp, String cpuCapability, int threads) {
    /** Loads libtorch if it is not loaded yet. */
    public static TorchFacts gather() {
        TorchRuntime.load();
        return new TorchFacts(
                version("pytorch"),
                version("javacpp"),
                torch.get_cpu_capability().getString(),
                torch.get_num_threads());
    }

    private static String version(String artifact) {
        try {
            return NativeLibraries.version(artifact);
        } catch (IOException e) {
            return "unknown";
        }
    }
}
