package dev.lockstep.checkpoint;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A run's checkpoints, {@code step-00000123.safetensors}: written atomically, the newest few kept, damaged ones skipped
 * when a run resumes.
 */
public final class CheckpointDirectory {
    /** Suffix of a file that {@link #supersedeAfter} has set aside. */
    public static final String SUPERSEDED = ".superseded";

    /** Where checkpoints are also stored, such as an object store. */
    public interface Mirror {
        /** Nowhere else. */
        Mirror NONE = new Mirror() {
            @Override
            public void put(Path checkpoint) {}

            @Override
            public void prune(int keep) {}

            @Override
            public void supersedeAfter(long step) {}
        };

        /** Stores a checkpoint, and before it what it relies on; it is there whole or not at all. */
        void put(Path checkpoint) throws IOException;

        /** Removes all but the newest. */
        void prune(int keep) throws IOException;

        /** Sets aside the checkpoints of later steps; see {@link CheckpointDirectory#supersedeAfter}. */
        void supersedeAfter(long step) throws IOException;
    }

    private final Path directory;
    private final int keep;
    private final Consumer<String> notices;
    private final Mirror mirror;

    /**
     * @param keep how many checkpoints stay
     * @param notices receives one-line reports of problems that do not stop the run
     */
    public CheckpointDirectory(Path directory, int keep, Consumer<String> notices) {
        this(directory, keep, notices, Mirror.NONE);
    }

    /** The same; every change is also made in the mirror, last. */
    public CheckpointDirectory(Path directory, int keep, Consumer<String> notices, Mirror mirror) {
        this.directory = directory;
        this.keep = keep;
        this.notices = notices;
        this.mirror = mirror;
    }

    /** Writes a checkpoint; once this has returned, it survives any crash, here and in the mirror. */
    public Path write(Checkpoint checkpoint) throws IOException {
        DurableFiles.createFolders(directory);
        Path target = directory.resolve(nameOf(checkpoint.step()));
        DurableFiles.write(target, out -> checkpoint.toFile().write(out));
        mirror.put(target);
        return target;
    }

    /** Whether there is a checkpoint of a step. */
    public boolean holds(long step) {
        return Files.exists(directory.resolve(nameOf(step)));
    }

    /** The name of the file of a step. */
    public static String nameOf(long step) {
        return "step-%08d.safetensors".formatted(step);
    }

    /** Removes the oldest checkpoints beyond those to keep. */
    public void prune() throws IOException {
        List<Path> files = files();
        for (Path old : files.subList(Math.min(keep, files.size()), files.size())) {
            Files.deleteIfExists(old);
        }
        mirror.prune(keep);
    }

    /** Removes temporary files of interrupted writes. Only for the one process that writes here. */
    public void removeUnfinished() throws IOException {
        DurableFiles.removeUnfinished(directory, "step-*.safetensors");
    }

    /**
     * Sets aside the checkpoints of steps after the one that a run starts from: they belong to a superseded run. The files
     * stay, with {@code .superseded} after their names.
     */
    public void supersedeAfter(long step) throws IOException {
        for (Path file : files()) {
            if (stepOf(file) > step) {
                DurableFiles.rename(file, file.getFileName() + SUPERSEDED);
            }
        }
        mirror.supersedeAfter(step);
    }

    /** The step of a checkpoint, from its name. */
    public static long stepOf(Path file) {
        return Long.parseLong(file.getFileName().toString().replaceAll("\\D", ""));
    }

    /**
     * The newest good checkpoint; damaged newer ones are reported and skipped.
     *
     * @return empty where there are no checkpoint files
     * @throws LockstepException of kind CHECKPOINT when there are files and none is good
     */
    public Optional<Checkpoint> newest() {
        List<Path> files;
        try {
            files = files();
        } catch (IOException e) {
            throw LockstepException.checkpoint(
                    "checkpoints cannot be listed: " + e.getMessage(),
                    "folder = " + directory,
                    "check its permissions");
        }
        List<String> reasons = new ArrayList<>();
        for (Path file : files) {
            try {
                return Optional.of(Checkpoint.read(file));
            } catch (LockstepException e) {
                reasons.add(e.getMessage());
                notices.accept("skipping a checkpoint: " + e.getMessage());
            }
        }
        if (files.isEmpty()) {
            return Optional.empty();
        }
        throw LockstepException.checkpoint(
                "no good checkpoint is left: " + reasons.get(0),
                "folder = " + directory + ", files = " + files.size(),
                "start anew, or restore a copy");
    }

    private List<Path> files() throws IOException {
        return files(directory);
    }

    /** The checkpoints in a folder, newest first. */
    public static List<Path> files(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(file -> file.getFileName().toString().matches("step-\\d{8,18}\\.safetensors"))
                    .sorted(Comparator.comparing(CheckpointDirectory::stepOf).reversed())
                    .toList();
        }
    }
}
