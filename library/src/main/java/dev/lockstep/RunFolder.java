package dev.lockstep;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A run's folder, locked while a run writes to it: two runs must not share one. The system drops the lock of a dead run. */
final class RunFolder implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;

    private RunFolder(Path path, FileChannel channel) {
        this.path = path;
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
            FileChannel channel =
                    FileChannel.open(path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!lock(channel)) {
                channel.close();
                throw LockstepException.recipe(
                        "another run is writing to this folder",
                        "out = " + path,
                        "wait for it to end, or give another --out");
            }
            return new RunFolder(path, channel);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "run folder cannot be written: " + e.getMessage(), "out = " + path, "give a writable --out");
        }
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    void write(String name, String text) {
        try {
            Files.writeString(path.resolve(name), text);
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
        channel.close();
    }
}
