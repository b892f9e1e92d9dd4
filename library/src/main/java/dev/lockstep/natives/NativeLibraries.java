package dev.lockstep.natives;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.bytedeco.javacpp.Loader;

/**
 * Loads native libraries in one process at a time until they have once been unpacked from their jars.
 *
 * <p>JavaCPP locks its cache for each file it unpacks, but a library is loaded together with those it needs: where two
 * processes are the first on a machine, one maps a library that the other is still writing, and dies of SIGBUS.
 */
public final class NativeLibraries {
    private NativeLibraries() {}

    /**
     * @param artifact the name of the preset's artifact in the group {@code org.bytedeco}, such as {@code pytorch}
     * @param presets its classes to load
     * @throws UnsatisfiedLinkError when a library cannot be loaded on this platform
     */
    public static synchronized void load(String artifact, Class<?>... presets) {
        try {
            Path cache = Loader.getCacheDir().toPath();
            Path unpacked = cache.resolve("lockstep-unpacked-" + artifact + "-" + version(artifact));
            if (!Files.exists(unpacked)) {
                unpack(cache.resolve("lockstep.lock"), unpacked, presets);
            }
        } catch (IOException e) {
            // A cache that cannot be written to is filled already, or JavaCPP itself says what is wrong.
        }
        Loader.load(presets);
    }

    private static void unpack(Path lockFile, Path unpacked, Class<?>... presets) throws IOException {
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (lock.isValid() && !Files.exists(unpacked)) {
                Loader.load(presets);
                Files.createFile(unpacked);
            }
        }
    }

    /** The version of an artifact of JavaCPP's group, as its jar tells. */
    public static String version(String artifact) throws IOException {
        return Loader.getVersion("org.bytedeco", artifact);
    }
}
