package dev.lockstep;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A run's folder, locked while a run writes to it: two runs must not share one. The system drops the lock of a dead run. */
final class RunFolder implements AutoCloseable {
    /**
     * The folders that this JVM holds. The system's lock belongs to the whole JVM, and opening and closing the file a second
     * time would drop it.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Path key;
    private final FileChannel channel;

    private RunFolder(Path path, Path key, FileChannel channel) {
        this.path = path;
        this.key = key;
        this.channel = channel;
    }

    /**
     * Makes the folder where it is missing.
     *
     * @throws LockstepException of kind RECIPE when it cannot be written or another run holds it
     */
    static RunFolder open(Path path) {
        try {
            Files.createDirectories(path);
            Path key = path.toRealPath();
            if (!HELD.add(key)) {
                throw taken(path);
            }
            try {
                return new RunFolder(path, key, lock(path));
            } catch (IOException | RuntimeException e) {
                HELD.remove(key);
                throw e;
            }
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "run folder cannot be written: " + e.getMessage(), "out = " + path, "give a writable --out");
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel =
                FileChannel.open(path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            throw taken(path);
        }
        return channel;
    }

    private static LockstepException taken(Path path) {
        return LockstepException.recipe(
                "another run is writing to this folder", "out = " + path, "wait for it to end, or give another --out");
    }

    /** Writes a file; it is there whole or not at all. */
    void write(String name, String text) {
        Path file = path.resolve(name);
        Path temporary = path.resolve(name + ".new");
        try {
            Files.writeString(temporary, text);
            try (FileChannel written = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "run folder cannot be written: " + e.getMessage(), "out = " + path, "give a writable --out");
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            HELD.remove(key);
        }
    }
}
