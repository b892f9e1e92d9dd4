package dev.lockstep.files;

import dev.lockstep.storage.Stores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Durable, atomic changes to files. Once a call has returned, a crash or a power failure cannot undo the change; until
 * then readers see the old contents, never a part of the new ones.
 */
public final class DurableFiles {
    private static final String TEMPORARY = ".tmp";
    /** File names have at most 255 bytes, and a character takes up to 4. */
    private static final int KEPT_OF_NAME = 48;

    private static final SecureRandom RANDOM = new SecureRandom();

    /** Writes the contents of a file. */
    public interface Contents {
        /** Writes all contents to {@code out}, from its current position. */
        void write(FileChannel out) throws IOException;
    }

    private DurableFiles() {}

    /**
     * Writes a file atomically: writes a temporary file beside it, syncs and renames it, and syncs the folder. A
     * symbolic link of that name is replaced, not followed. After a failure the old file is unchanged and the temporary
     * one is deleted. In a store, the file is written here and then put whole.
     *
     * @throws IOException when the file cannot be written, or {@code file} is a folder
     */
    public static void write(Path file, Contents contents) throws IOException {
        if (Stores.isRemote(file)) {
            writeRemote(file, contents);
            return;
        }
        Path temporary = temporary(file);
        boolean renamed = false;
        try {
            // CREATE_NEW does not follow links, so nobody can redirect the write by planting one.
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                contents.write(channel);
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            renamed = true;
        } finally {
            if (!renamed) {
                deleteQuietly(temporary);
            }
        }
        syncFolderOf(file);
    }

    private static void writeRemote(Path object, Contents contents) throws IOException {
        Path local = Files.createTempFile("lockstep-", TEMPORARY);
        try {
            try (FileChannel channel = FileChannel.open(local, StandardOpenOption.WRITE)) {
                contents.write(channel);
            }
            Stores.put(local, object);
        } finally {
            deleteQuietly(local);
        }
    }

    /** Writes a file in UTF-8; see {@link #write(Path, Contents)}. */
    public static void write(Path file, String text) throws IOException {
        write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a file; see {@link #write(Path, Contents)}. */
    public static void write(Path file, byte[] bytes) throws IOException {
        write(file, out -> {
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            while (rest.hasRemaining()) {
                out.write(rest);
            }
        });
    }

    /** An unpredictable name that begins like the file's own, so that a leftover can be recognized. */
    private static Path temporary(Path file) {
        String name = file.getFileName() + "";
        int kept = Math.min(name.length(), KEPT_OF_NAME);
        if (kept > 0 && Character.isHighSurrogate(name.charAt(kept - 1))) {
            kept--;
        }
        String random = HexFormat.of().toHexDigits(RANDOM.nextLong());
        return file.resolveSibling(name.substring(0, kept) + "." + random + TEMPORARY);
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The caller gets the original failure.
        }
    }

    /** Renames a file within its folder, replacing any file of the new name. */
    public static void rename(Path file, String name) throws IOException {
        Files.move(
                file, file.resolveSibling(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncFolderOf(file);
    }

    /**
     * Publishes a folder under its final name: syncs everything in it, renames it, and syncs the parent folder. The new
     * name never refers to a partial folder.
     *
     * @param place the final name, on the same file system; must not exist, or be an empty folder
     */
    public static void publish(Path folder, Path place) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isRegularFile()) {
                    syncFile(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                syncFolder(visited);
                return FileVisitResult.CONTINUE;
            }
        });
        Files.move(folder, place, StandardCopyOption.ATOMIC_MOVE);
        syncFolderOf(place);
    }

    /** Deletes a file if it exists. */
    public static void delete(Path file) throws IOException {
        if (Files.deleteIfExists(file)) {
            syncFolderOf(file);
        }
    }

    /** Deletes a folder with all that is in it, if it exists. Links are deleted, not followed. Not durable. */
    public static void deleteFolder(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Creates a folder and its missing parents. */
    public static void createFolders(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            createFolders(parent);
        }
        Files.createDirectories(folder); // Another process may have created it meanwhile.
        syncFolderOf(folder);
    }

    /** Syncs a file's contents and its directory entry to disk. */
    public static void sync(Path file) throws IOException {
        syncFile(file);
        syncFolderOf(file);
    }

    private static void syncFile(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /**
     * Removes temporary files left by interrupted writes. Call it only from the one process that writes to the folder.
     *
     * @param names a glob for the names of the files that were being written, at most 48 characters each
     */
    public static void removeUnfinished(Path folder, String names) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (DirectoryStream<Path> leftovers =
                Files.newDirectoryStream(folder, names + "." + "[0-9a-f]".repeat(16) + TEMPORARY)) {
            for (Path leftover : leftovers) {
                Files.deleteIfExists(leftover);
            }
        }
    }

    private static void syncFolderOf(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            syncFolder(folder);
        }
    }

    private static void syncFolder(Path folder) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder, StandardOpenOption.READ);
        } catch (IOException e) {
            // Some systems cannot open a folder. The change itself has been made.
            if (!Files.isDirectory(folder)) {
                throw e;
            }
            return;
        }
        try (channel) {
            channel.force(true);
        } catch (IOException e) {
            // EINVAL means that the file system cannot sync folders. Anything else is a disk error.
            if (!String.valueOf(e.getMessage()).contains("Invalid argument")) {
                throw e;
            }
        }
    }
}
