package dev.lockstep.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes a file so that under its name there is never a part of it: a temporary file, synced, renamed, the folder synced. */
final class AtomicFile {
    static final String TEMPORARY = ".tmp";

    /** Writes the contents. */
    interface Contents {
        void write(FileChannel out) throws IOException;
    }

    private AtomicFile() {}

    static void write(Path target, Contents contents) throws IOException {
        Path temporary = target.resolveSibling(target.getFileName() + TEMPORARY);
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                contents.write(channel);
                channel.force(true);
            }
            move(temporary, target);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
        syncFolder(target.toAbsolutePath().resolveSibling(""));
    }

    static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void syncFolder(Path folder) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder, StandardOpenOption.READ);
        } catch (IOException e) {
            // Some systems open no folder; the rename itself has happened.
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
