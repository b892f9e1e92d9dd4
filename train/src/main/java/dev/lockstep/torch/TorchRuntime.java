package dev.lockstep.torch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.natives.NativeLibraries;
import org.bytedeco.pytorch.global.torch;

/** Loads libtorch once, and fixes settings that would otherwise depend on the environment. */
public final class TorchRuntime {
    private static boolean loaded;

    private TorchRuntime() {}

    /**
     * Makes libtorch usable in this process.
     *
     * @throws LockstepException of kind WORKER when the native library cannot be loaded; of kind RECIPE when there is
     *     no safe folder with enough space to unpack it
     */
    public static synchronized void load() {
        if (loaded) {
            return;
        }
        setDefaults();
        NativeLibraries.load("pytorch", torch.class);
        torch.set_num_interop_threads(1);
        torch.set_num_threads(1);
        loaded = true;
    }

    /**
     * JavaCPP reads its settings once, when its first class is loaded; a program that sets them itself keeps its values.
     * Its check of the process's memory reads /proc on each allocation and throws although there is memory left. Its log
     * warns of preset versions that differ in their last number, though the pinned ones run together: through SLF4J
     * that is one line that any logging configuration can drop.
     */
    private static void setDefaults() {
        setDefault("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        setDefault("org.bytedeco.javacpp.maxBytes", "0");
        setDefault("org.bytedeco.javacpp.logger", "slf4j");
        setDefault("org.slf4j.simpleLogger.log.org.bytedeco.javacpp", "error");
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /**
     * Sets the OpenMP threads of the calling thread: the number belongs to the arithmetic, since it decides how sums
     * inside a convolution are split.
     */
    public static void setThreads(int threads) {
        // Queried first: a thread's first query or parallel loop adopts the number that any thread set last.
        torch.get_num_threads();
        torch.set_num_threads(threads);
    }

    /** The first line of a native error: what follows it is a C++ stack. */
    public static String firstLine(Throwable failure) {
        String message = failure.getMessage();
        if (message == null) {
            return failure.getClass().getSimpleName();
        }
        return message.lines().findFirst().orElse("").strip();
    }
}
