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
            public void prune(int keep, long best) {}

            @Override
            public void supersedeAfter(long step) {}
        };

        /** Stores a checkpoint, and before it what it relies on; it is there whole or not at all. */
        void put(Path checkpoint) throws IOException;

        /** Removes all but the newest, and that of a step; see {@link CheckpointDirectory#best}. */
        void prune(int keep, long best) throws IOException;

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

    /** Whether there is a checkpoint of a later step. */
    public boolean hasNewerThan(long step) {
        try {
            return files().stream().anyMatch(file -> stepOf(file) > step);
        } catch (IOException e) {
            return false;
        }
    }

    /** The name of the file of a step. */
    public static String nameOf(long step) {
        return "step-%08d.safetensors".formatted(step);
    }

    /** Removes the oldest checkpoints beyond those to keep and the best one. */
    public void prune() throws IOException {
        List<Path> files = files();
        long best = best().map(BestCheckpoint::step).orElse(-1L);
        for (Path old : files.subList(Math.min(keep, files.size()), files.size())) {
            if (stepOf(old) != best) {
                Files.deleteIfExists(old);
            }
        }
        mirror.prune(keep, best);
    }

    /** The checkpoint with the lowest validation error so far, which {@link #prune} keeps; empty before an evaluation. */
    public Optional<BestCheckpoint> best() {
        return BestCheckpoint.read(directory);
    }

    /**
     * Notes the validation error of a checkpoint that was written. If it is below that of all before, the checkpoint stays
     * when it is no longer among the newest.
     */
    public void evaluated(long step, double validationTop1Error) throws IOException {
        Optional<BestCheckpoint> best = best();
        if (best.isEmpty() || validationTop1Error < best.get().validationTop1Error()) {
            mirror.put(new BestCheckpoint(step, validationTop1Error).write(directory));
        }
    }

    /** Removes temporary files of interrupted writes. Only for the one process that writes here. */
    public void removeUnfinished() throws IOException {
        DurableFiles.removeUnfinished(directory, "{step-*.safetensors," + BestCheckpoint.NAME + "}");
    }

    /**
     * Sets aside the checkpoints of steps after the one that a run starts from: they belong to a superseded run. The files
     * stay, with {@code .superseded} after their names. The best checkpoint is forgotten if it is one of them.
     */
    public void supersedeAfter(long step) throws IOException {
        for (Path file : files()) {
            if (stepOf(file) > step) {
                DurableFiles.rename(file, file.getFileName() + SUPERSEDED);
            }
        }
        if (best().filter(best -> best.step() > step).isPresent()) {
            Files.delete(directory.resolve(BestCheckpoint.NAME));
        }
        mirror.supersedeAfter(step);
    }

    /** The step of a checkpoint, from its name. */
    public static long stepOf(Path file) {
        return Long.parseLong(file.getFileName().toString().replaceAll("\\D", ""));
    }

    /**
     * The best checkpoint, or the newest good one where none was evaluated or the best one is missing or damaged.
     *
     * @throws LockstepException as {@link #newest}
     */
    public Optional<Checkpoint> bestOrNewest() {
        Optional<BestCheckpoint> best = best().filter(noted -> holds(noted.step()));
        if (best.isPresent()) {
            try {
                return Optional.of(
                        Checkpoint.read(directory.resolve(nameOf(best.get().step()))));
            } catch (LockstepException e) {
                notices.accept("skipping the best checkpoint: " + e.getMessage());
            }
        }
        return newest();
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
