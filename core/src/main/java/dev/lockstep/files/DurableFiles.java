package dev.lockstep.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Changes to files that a crash or a loss of power cannot undo once the call has returned, and of which no part is seen
 * before. Whoever reads a file finds the old contents or the new ones.
 */
public final class DurableFiles {
    private static final String TEMPORARY = ".tmp";
    /** A name of the file system has at most 255 bytes, and a character up to 4. */
    private static final int KEPT_OF_NAME = 48;

    private static final SecureRandom RANDOM = new SecureRandom();

    /** Writes the contents of a file. */
    public interface Contents {
        void write(FileChannel out) throws IOException;
    }

    private DurableFiles() {}

    /**
     * Writes a file: to a temporary name beside it, synced, renamed, the folder synced. Where the name is a link, the file
     * takes the place of the link. After a failure the old file stands and the temporary one is gone.
     *
     * @throws IOException when it cannot be written, or the name is a folder's
     */
    public static void write(Path file, Contents contents) throws IOException {
        Path temporary = temporary(file);
        boolean renamed = false;
        try {
            // CREATE_NEW follows no link: nobody can lay one under a name that we write to.
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

    /** A name that nobody can know beforehand, with the start of the file's own, so that a leftover explains itself. */
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
            // The failure before this one is what the caller hears of.
        }
    }

    /** Renames a file within its folder; a file of the new name is replaced. */
    public static void rename(Path file, String name) throws IOException {
        Files.move(
                file, file.resolveSibling(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncFolderOf(file);
    }

    /**
     * Gives a folder its name: first all that is in it is synced, then it is renamed, then the folder that holds it is synced.
     * Under the new name there is never a part of it.
     *
     * @param place on the same disk; must be missing, or an empty folder
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

    /** Deletes a file, where there is one. */
    public static void delete(Path file) throws IOException {
        if (Files.deleteIfExists(file)) {
            syncFolderOf(file);
        }
    }

    /** Makes a folder and those above it that are missing. */
    public static void createFolders(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            createFolders(parent);
        }
        Files.createDirectories(folder); // Someone else may have made it by now.
        syncFolderOf(folder);
    }

    /** Brings to the disk what was written to a file, and its name. */
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
     * Removes what writes that never ended have left behind. Only for the one process that writes to the folder.
     *
     * @param names of the files that were being written, as a glob; at most 48 characters each
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
            // Some systems open no folder; the change itself has happened.
            if (!Files.isDirectory(folder)) {
                throw e;
            }
            return;
        }
        try (channel) {
            channel.force(true);
        } catch (IOException e) {
            // EINVAL: a file system that syncs no folders. Anything else is trouble with the disk.
            if (!String.valueOf(e.getMessage()).contains("Invalid argument")) {
                throw e;
            }
        }
    }
}
