package dev.lockstep.run;

import dev.lockstep.checkpoint.BestCheckpoint;
import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.JournalEntry;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.natives.UserCache;
import dev.lockstep.storage.Stores;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A run's folder in a store. The run works in a folder of this machine; what a resumed run needs is copied to the store
 * with each checkpoint, the checkpoint last. The store decides: when a run starts, the folder here is made like it.
 */
final class RemoteFolder implements CheckpointDirectory.Mirror {
    /** Tells a run's folder from any other; see {@link RunFolder#requireOwn}. */
    private static final String MARK = ".lock";

    private static final String EVENTS = "events.out.tfevents.";

    private final Path remote;
    private final Path local;

    RemoteFolder(Path remote) {
        this.remote = remote;
        this.local = localOf(remote);
    }

    /** The folder of this machine in which a run works that is stored elsewhere. */
    static Path localOf(Path remote) {
        try {
            byte[] name = MessageDigest.getInstance("SHA-256")
                    .digest(remote.toUri().toString().getBytes(StandardCharsets.UTF_8));
            return UserCache.folder()
                    .resolve("runs")
                    .resolve(remote.getFileName() + "-" + HexFormat.of().formatHex(name, 0, 6));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    Path local() {
        return local;
    }

    /** Copies metrics and the newest good checkpoint from the store; what else is in the folder here is removed. */
    void pull() {
        try {
            for (Path old : topLevel(local)) {
                if (!old.endsWith(MARK)) {
                    DurableFiles.delete(old);
                }
            }
            Path checkpoints = local.resolve(Training.CHECKPOINTS);
            for (Path old : Files.isDirectory(checkpoints) ? topLevel(checkpoints) : List.<Path>of()) {
                DurableFiles.delete(old);
            }
            DurableFiles.createFolders(checkpoints);
            for (Path file : topLevel(remote)) {
                String name = file.getFileName().toString();
                if (name.equals(MetricsFile.NAME) || name.equals(JournalEntry.NAME) || name.startsWith(EVENTS)) {
                    Stores.get(file, local.resolve(name));
                }
            }
            if (best().isPresent()) {
                Stores.get(
                        remote.resolve(Training.CHECKPOINTS).resolve(BestCheckpoint.NAME),
                        checkpoints.resolve(BestCheckpoint.NAME));
            }
            for (Path file : checkpoints(remote)) {
                Path copy = checkpoints.resolve(file.getFileName().toString());
                Stores.get(file, copy);
                if (isGood(copy)) {
                    return;
                }
            }
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.CHECKPOINT,
                    "run folder cannot be read: " + e.getMessage(),
                    "out = " + remote,
                    "check the store, its address and the credentials",
                    e);
        }
    }

    /** A damaged one stays in the folder, where {@link CheckpointDirectory#newest} reports it. */
    private static boolean isGood(Path checkpoint) {
        try {
            Checkpoint.read(checkpoint);
            return true;
        } catch (LockstepException e) {
            return false;
        }
    }

    private static List<Path> topLevel(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    private Optional<BestCheckpoint> best() {
        return BestCheckpoint.read(remote.resolve(Training.CHECKPOINTS));
    }

    private static List<Path> checkpoints(Path folder) throws IOException {
        return CheckpointDirectory.files(folder.resolve(Training.CHECKPOINTS));
    }

    /** Marks the folder in the store as a run's. */
    void mark() throws IOException {
        put(RunFolder.RECIPE);
        put(Environment.NAME);
        put(MARK);
    }

    private void put(String name) throws IOException {
        Path file = local.resolve(name);
        if (Files.exists(file)) {
            Stores.put(file, remote.resolve(name));
        }
    }

    /** Copies every file of the run except checkpoints, the result last. */
    void pushFiles() throws IOException {
        List<String> names = new ArrayList<>();
        for (Path file : topLevel(local)) {
            names.add(file.getFileName().toString());
        }
        names.sort((a, b) -> Boolean.compare(a.equals(RunResult.NAME), b.equals(RunResult.NAME)));
        for (String name : names) {
            put(name);
        }
    }

    @Override
    public void put(Path checkpoint) throws IOException {
        put(MetricsFile.NAME);
        put(JournalEntry.NAME);
        Stores.put(
                checkpoint,
                remote.resolve(Training.CHECKPOINTS)
                        .resolve(checkpoint.getFileName().toString()));
    }

    @Override
    public void prune(int keep, long best) throws IOException {
        List<Path> files = checkpoints(remote);
        for (Path old : files.subList(Math.min(keep, files.size()), files.size())) {
            if (CheckpointDirectory.stepOf(old) != best) {
                Files.delete(old);
            }
        }
    }

    @Override
    public void supersedeAfter(long step) throws IOException {
        if (best().filter(best -> best.step() > step).isPresent()) {
            Files.delete(remote.resolve(Training.CHECKPOINTS).resolve(BestCheckpoint.NAME));
        }
        for (Path file : checkpoints(remote)) {
            if (CheckpointDirectory.stepOf(file) > step) {
                // Stores rename nothing.
                Path copy = local.resolve("superseded.tmp");
                Stores.get(file, copy);
                Stores.put(copy, file.resolveSibling(file.getFileName() + CheckpointDirectory.SUPERSEDED));
                Files.delete(file);
                Files.delete(copy);
            }
        }
    }
}
