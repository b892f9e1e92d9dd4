package dev.lockstep.run;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.JournalEntry;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.storage.Stores;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** A run's folder, locked so that two runs cannot share it. The system releases the lock when the process dies. */
final class RunFolder implements AutoCloseable {
    /**
     * The folders that this JVM holds. The system's lock belongs to the whole JVM, and opening and closing the file a
     * second time would drop it.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    static final String RECIPE = "recipe.yaml";
    private static final String LOCK = ".lock";
    /** The files that a run and the built-in listeners write besides the recipe. */
    private static final List<String> WRITTEN =
            List.of(MetricsFile.NAME, JournalEntry.NAME, RunResult.NAME, Environment.NAME, "report.html");

    private final Path path;
    private final Path key;
    private final FileChannel channel;

    private RunFolder(Path path, Path key, FileChannel channel) {
        this.path = path;
        this.key = key;
        this.channel = channel;
    }

    /**
     * Checks that no file of the user is in the way. Files in a folder without the lock or the checkpoints of a run
     * are not a run's; and a recipe that differs from what Lockstep would write was written, or changed, by a user.
     *
     * @throws LockstepException of kind RECIPE naming the file
     */
    static void requireOwn(Path path, Recipe recipe) {
        Stores.requireAnswer(path);
        boolean isRun = Files.exists(path.resolve(LOCK)) || Files.isDirectory(path.resolve(Training.CHECKPOINTS));
        for (String name : isRun ? List.<String>of() : WRITTEN) {
            if (Files.exists(path.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                throw notOurs("a file that no run wrote", path.resolve(name));
            }
        }
        Path file = path.resolve(RECIPE);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !isReplaceable(file, recipe, isRun)) {
            throw notOurs("a recipe that no run wrote", file);
        }
    }

    private static boolean isReplaceable(Path file, Recipe recipe, boolean isRun) {
        try {
            String there = Files.readString(file);
            return there.equals(recipe.toYaml())
                    || isRun
                            && there.equals(RecipeFile.parse(there, file.toString(), Map.of())
                                    .toYaml());
        } catch (IOException | LockstepException e) {
            return false;
        }
    }

    private static LockstepException notOurs(String what, Path file) {
        return LockstepException.recipe(
                "training would overwrite " + what, "file = " + file, "move it away, or choose another output folder");
    }

    /**
     * Creates the folder if it is missing.
     *
     * @throws LockstepException of kind RECIPE when it cannot be written or another run holds it
     */
    static RunFolder open(Path path) {
        try {
            DurableFiles.createFolders(path);
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
                    "run folder cannot be written: " + e.getMessage(),
                    "out = " + path,
                    "choose a writable output folder");
        }
    }

    /**
     * Takes the folder over from the previous rank 0 of an elastic run. One that is lost to the others may still hold it for
     * a moment; one that is stopped, or cut off, may do so for long, and its files are replaced then: whatever it writes
     * when it wakes up is in none of them.
     *
     * @param step of this process; if the metrics in the folder are beyond it, the others have continued without it
     * @param patience how long to wait for it
     * @throws LockstepException of kind WORKER when this process is the one that was stopped or cut off
     */
    static RunFolder takeOver(Path path, long step, Duration patience, Consumer<String> notices) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                return open(path);
            } catch (LockstepException e) {
                if (System.nanoTime() > deadline) {
                    requireUpToDate(path, step);
                    notices.accept("the previous rank 0 still holds " + path + ": its files are replaced");
                    replaceFiles(path);
                    return open(path);
                }
            }
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw taken(path);
            }
        }
    }

    private static void requireUpToDate(Path path, long step) {
        Path file = path.resolve(MetricsFile.NAME);
        List<StepMetrics> steps = Files.exists(file) ? MetricsFile.read(file).steps() : List.of();
        long last = steps.isEmpty() ? 0 : steps.get(steps.size() - 1).step();
        if (last > step) {
            throw LockstepException.worker(
                    "the others have continued without this process, from its step " + step + " to " + last,
                    "out = " + path,
                    "start another process, which joins them");
        }
    }

    private static void replaceFiles(Path path) {
        try {
            Path metrics = path.resolve(MetricsFile.NAME);
            if (Files.exists(metrics)) {
                DurableFiles.write(metrics, Files.readAllBytes(metrics));
            }
            Files.deleteIfExists(path.resolve(LOCK));
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "run folder cannot be taken over: " + e.getMessage(), "out = " + path, "make it writable");
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            throw taken(path);
        }
        return channel;
    }

    private static LockstepException taken(Path path) {
        return LockstepException.recipe(
                "another run is writing to this folder",
                "out = " + path,
                "wait for it to end, or choose another output folder");
    }

    /** Writes a file atomically. */
    void write(String name, String text) {
        try {
            DurableFiles.write(path.resolve(name), text);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "run folder cannot be written: " + e.getMessage(),
                    "out = " + path,
                    "choose a writable output folder");
        }
    }

    /** Removes temporary files of interrupted writes. */
    void removeUnfinished() throws IOException {
        DurableFiles.removeUnfinished(path, "{" + RECIPE + "," + String.join(",", WRITTEN) + "}");
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
