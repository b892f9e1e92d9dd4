package dev.lockstep.image.pack;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A folder that is filled under a temporary, unpredictable name beside its final place. The process that fills it holds
 * a lock; a folder whose lock is free was left by a killed process. Closing deletes the folder unless it was moved.
 */
final class Unfinished implements AutoCloseable {
    private static final String LOCK = ".lock";
    private static final String MARK = ".partial-";

    private final Path folder;
    private final FileChannel lock;

    private Unfinished(Path folder, FileChannel lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /** @param place the final, absolute path; missing parent folders are created */
    static Unfinished create(Path place) throws IOException {
        String random = HexFormat.of().toHexDigits(new SecureRandom().nextLong());
        Path folder = place.resolveSibling(prefix(place) + random);
        DurableFiles.createFolders(parent(place));
        Files.createDirectory(folder);
        try {
            return new Unfinished(folder, locked(folder.resolve(LOCK)));
        } catch (IOException e) {
            delete(folder);
            throw e;
        }
    }

    private static FileChannel locked(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            channel.lock();
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Removes folders that killed processes left for this place. */
    static void removeOthers(Path place) throws IOException {
        if (!Files.isDirectory(parent(place))) {
            return;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(
                parent(place), entry -> entry.getFileName().toString().startsWith(prefix(place)))) {
            for (Path entry : entries) {
                if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS) && isAbandoned(entry)) {
                    delete(entry);
                }
            }
        }
    }

    private static boolean isAbandoned(Path folder) {
        try (FileChannel channel =
                        FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                @Nullable FileLock held = channel.tryLock()) {
            return held != null;
        } catch (IOException | OverlappingFileLockException e) {
            return false; // Not created by this class, or being created or removed right now.
        }
    }

    private static String prefix(Path place) {
        return "." + place.getFileName() + MARK;
    }

    private static Path parent(Path place) {
        Path parent = place.getParent();
        if (parent == null) {
            throw LockstepException.recipe("cannot create a folder there", "folder = " + place, "choose another");
        }
        return parent;
    }

    Path folder() {
        return folder;
    }

    /** Moves the folder to its final place, atomically and durably. The place may hold an empty folder. */
    void moveTo(Path place) throws IOException {
        Files.deleteIfExists(place);
        DurableFiles.publish(folder, place);
        // Only now: after a crash, a folder without a lock would never be removed.
        DurableFiles.delete(place.resolve(LOCK));
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
                delete(folder);
            }
        }
    }

    /** Deletes the lock last; without it nobody would remove the rest. */
    private static void delete(Path folder) throws IOException {
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(folder, file -> !file.equals(folder.resolve(LOCK)))) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.deleteIfExists(folder.resolve(LOCK));
        Files.delete(folder);
    }
}
