package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks native libraries into a folder atomically: each is written to a new file, synced and renamed. JavaCPP writes
 * directly to the final name, and a process that maps a library that is still being written, or that a killed process
 * left incomplete, dies of SIGBUS.
 *
 * @param patience how long to wait for another process to finish unpacking
 * @param writing writes the bytes of a library to a file
 */
record Unpacking(Path folder, Duration patience, Writing writing) {
    private static final String LOCK = "unpack.lock";
    private static final String UNFINISHED = ".unpacking-";
    private static final int BUFFER = 1 << 18;
    private static final long POLL_MILLIS = 50;

    /** Copies a stream to an existing file. */
    interface Writing {
        void write(InputStream in, Path file) throws IOException;
    }

    Unpacking(Path folder) {
        this(folder, Duration.ofMinutes(5), Unpacking::copy);
    }

    /**
     * Unpacks the libraries that are missing or differ from their jar.
     *
     * @throws LockstepException of kind RECIPE when the folder cannot be used
     */
    void complete(List<PackedLibrary> libraries) {
        try {
            if (!missing(libraries).isEmpty()) {
                Path lock = folder.resolve(LOCK);
                try (FileChannel channel =
                        FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                    unpack(libraries, acquire(channel) != null);
                }
            }
        } catch (IOException e) {
            throw unusable(libraries, e);
        }
    }

    private List<PackedLibrary> missing(List<PackedLibrary> libraries) throws IOException {
        List<PackedLibrary> missing = new ArrayList<>();
        for (PackedLibrary library : libraries) {
            if (!library.isUnpacked(folder)) {
                missing.add(library);
            }
        }
        return missing;
    }

    /** Checks again what is missing: another process may have unpacked while this one waited. */
    private void unpack(List<PackedLibrary> libraries, boolean alone) throws IOException {
        for (PackedLibrary library : missing(libraries)) {
            Path file = library.in(folder);
            Path parent = file.resolveSibling("");
            FolderTrust.create(parent);
            if (alone) {
                removeUnfinished(parent);
            }
            unpack(library, file);
        }
    }

    private void unpack(PackedLibrary library, Path file) throws IOException {
        // Jar times are local times. If only the time zone has changed, the file is still good.
        if (library.isIn(file)) {
            Files.setLastModifiedTime(file, FileTime.fromMillis(library.entry().getTime()));
            return;
        }
        Path fresh = Files.createTempFile(file.resolveSibling(""), UNFINISHED, "");
        try {
            try (InputStream in = library.jar().getInputStream(library.entry())) {
                writing.write(in, fresh);
            } catch (ZipException | EOFException e) {
                throw damaged(library);
            }
            if (!library.isIn(fresh)) {
                throw damaged(library);
            }
            Files.setLastModifiedTime(fresh, FileTime.fromMillis(library.entry().getTime()));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    static void copy(InputStream in, Path file) throws IOException {
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
            byte[] buffer = new byte[BUFFER];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, length);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
            }
            out.force(true);
        }
    }

    /** Removes files of processes that died. A living process would hold the lock. */
    private static void removeUnfinished(Path parent) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(parent, UNFINISHED + "*")) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    /**
     * The lock, which the system releases when the process ends; null when the file system has no locks. The lock only
     * avoids duplicate work.
     */
    private @Nullable FileLock acquire(FileChannel channel) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // Another class loader in this JVM holds it.
            } catch (IOException e) {
                return null;
            }
            if (System.nanoTime() > deadline) {
                throw LockstepException.recipe(
                        "another process has been unpacking the native libraries for " + patience.toSeconds() + " s",
                        "folder = " + folder,
                        "wait for it or end it, then run again");
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw LockstepException.worker(
                    "interrupted while waiting for another process to unpack the native libraries", "", "run again");
        }
    }

    private static LockstepException damaged(PackedLibrary library) {
        return LockstepException.recipe(
                "a jar with native libraries is damaged: " + library.entry().getName(),
                "jar = " + library.jar().getName(),
                "delete it and build again");
    }

    private LockstepException unusable(List<PackedLibrary> libraries, IOException failure) {
        String elsewhere = "set " + UserCache.VARIABLE + " to another folder that you own";
        long needed = 0;
        long free = Long.MAX_VALUE;
        try {
            free = Files.getFileStore(folder).getUsableSpace();
            for (PackedLibrary library : missing(libraries)) {
                needed += library.hasSize(library.in(folder))
                        ? 0
                        : library.entry().getSize();
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        String why = describe(failure);
        if (free < needed && failure.getClass() == IOException.class || why.contains("No space left")) {
            return LockstepException.recipe(
                    "no space left to unpack the native libraries",
                    "needed = " + mebibytes(needed) + ", free = " + mebibytes(free) + ", folder = " + folder,
                    "free more space, or " + elsewhere);
        }
        if (needed == 0) {
            return LockstepException.recipe(
                    "the native libraries were unpacked in another time zone, and their modification times cannot be"
                            + " updated: "
                            + why,
                    "folder = " + folder,
                    "set TZ to that time zone, or " + elsewhere);
        }
        return LockstepException.recipe(
                "cannot unpack the native libraries: " + why,
                "folder = " + folder,
                "make it writable, or " + elsewhere);
    }

    static String describe(IOException failure) {
        if (failure instanceof AccessDeniedException) {
            return "permission denied: " + failure.getMessage();
        }
        return failure instanceof FileAlreadyExistsException
                ? failure.getMessage() + " is not a folder"
                : String.valueOf(failure.getMessage());
    }

    private static String mebibytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }
}
