package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Executes the missing runs of a study's grid, several in parallel, and updates the results after each. A killed study
 * resumes where it stopped: finished runs are read from their folders, and unfinished ones are passed to the executor
 * again, which resumes them.
 */
public final class StudyRunner {
    private static final String LOCK = "study.lock";

    private final Study study;
    private final Path out;
    private final RunExecutor executor;
    private final StudyListener listener;
    private final List<StudyRun> grid;
    private final EarlierRuns earlier;
    private final Map<StudyRun, RunSummary> summaries = new ConcurrentHashMap<>();
    private volatile boolean failed;

    /**
     * Creates a runner.
     *
     * @param study the study
     * @param out the study's folder, created if missing
     * @param reuse other studies, as folders or summaries, whose runs with the same recipe are reused instead of
     *     trained again
     * @param executor trains the runs
     * @param listener observes the runs
     * @throws LockstepException of kind DATA when a study in {@code reuse} has no summary
     */
    public StudyRunner(Study study, Path out, List<Path> reuse, RunExecutor executor, StudyListener listener) {
        this.study = study;
        this.out = out;
        this.executor = executor;
        this.listener = listener;
        this.grid = study.grid(out);
        this.earlier = new EarlierRuns(reuse);
    }

    /**
     * Checks that a folder is new or belongs to a study, so that a study never overwrites a user's files.
     *
     * @throws LockstepException of kind RECIPE naming the file in the way
     */
    public static void requireOwn(Path out) {
        List<String> written = new ArrayList<>(StudyResults.NAMES);
        written.addAll(List.of(Environment.NAME, "report.html", "plots"));
        for (String name : Files.exists(out.resolve(LOCK)) ? List.<String>of() : written) {
            if (Files.exists(out.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                throw LockstepException.recipe(
                        "the study would overwrite a file that no study wrote",
                        "file = " + out.resolve(name),
                        "move the file, or choose another output folder");
            }
        }
    }

    /** The runs that need no training, because they are finished in the folder or reused from another study. */
    public List<StudyRun> finished() {
        Map<StudyRun, RunSummary> found = known();
        return grid.stream().filter(found::containsKey).toList();
    }

    /** All runs of the study; see {@link Study#grid}. */
    public List<StudyRun> grid() {
        return grid;
    }

    /**
     * Executes all unfinished runs.
     *
     * @param parallel the number of runs to execute in parallel, at least 1
     * @return the results of all runs, including those finished before
     * @throws LockstepException from the first run that fails; the others are stopped and can be resumed
     * @throws InterruptedException when the study is stopped
     */
    public StudyResults run(int parallel) throws InterruptedException {
        try (FileChannel channel = lockFile();
                FileLock lock = lock(channel)) {
            StatedStudy.keep(study, out);
            collectFinished();
            failed = false;
            listener.onStart(grid, grid.stream().filter(summaries::containsKey).toList());
            runAll(grid.stream().filter(run -> !summaries.containsKey(run)).toList(), parallel);
            return writeResults();
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private FileChannel lockFile() throws IOException {
        DurableFiles.createFolders(out);
        return FileChannel.open(out.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private FileLock lock(FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw LockstepException.recipe(
                    "another study is running in this folder",
                    "out = " + out,
                    "wait for it or choose another output folder");
        }
        return lock;
    }

    /**
     * Collects finished runs. If nothing is left to train, the data is not needed, and finished runs are compared only
     * with each other.
     */
    private void collectFinished() throws InterruptedException {
        Map<StudyRun, RunSummary> found = known();
        if (found.size() < grid.size()) {
            try {
                found = onTheseData(found);
            } catch (LockstepException e) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("while opening the data");
                }
                throw e;
            }
        }
        requireSameData(found);
        summaries.putAll(found);
    }

    private Map<StudyRun, RunSummary> known() {
        Map<StudyRun, RunSummary> known = new LinkedHashMap<>();
        for (StudyRun run : grid) {
            RunFolder.finished(run, executor)
                    .or(() -> earlier.of(run, ""))
                    .ifPresent(summary -> known.put(run, summary));
        }
        return known;
    }

    /**
     * Keeps the runs that were trained on the executor's data. Another study may hold the same recipe on other data
     * too.
     */
    private Map<StudyRun, RunSummary> onTheseData(Map<StudyRun, RunSummary> found) {
        Map<StudyRun, RunSummary> kept = new LinkedHashMap<>();
        found.forEach((run, summary) -> {
            if (summary.reusedFrom().isEmpty()) {
                kept.put(run, requireData(run, summary));
            } else {
                earlier.of(run, executor.datasetFingerprint(run)).ifPresent(other -> kept.put(run, other));
            }
        });
        return kept;
    }

    private RunSummary requireData(StudyRun run, RunSummary trained) {
        String data = executor.datasetFingerprint(run);
        String folders = trained.datasetFingerprint();
        if (!data.isEmpty() && !data.equals(folders)) {
            throw LockstepException.recipe(
                    "run folder holds a run on different data",
                    "dataset fingerprint = " + data + " (in the folder: " + (folders.isEmpty() ? "unknown" : folders)
                            + "), folder = " + run.folder(),
                    "choose another output folder, or remove the run folder to train again");
        }
        return trained;
    }

    private void requireSameData(Map<StudyRun, RunSummary> found) {
        Map<Recipe.Data, RunSummary> first = new HashMap<>();
        found.forEach((run, summary) -> {
            RunSummary other = first.computeIfAbsent(run.recipe().data(), data -> summary);
            if (!other.datasetFingerprint().equals(summary.datasetFingerprint())) {
                throw LockstepException.recipe(
                        "runs were trained on different data",
                        "dataset fingerprint = " + other.datasetFingerprint() + " of " + other.title() + ", "
                                + summary.datasetFingerprint() + " of " + summary.title(),
                        "remove the folder of one to train it again, or choose another output folder");
            }
        });
    }

    private void runAll(List<StudyRun> runs, int parallel) throws InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(parallel);
        try {
            ExecutorCompletionService<StudyRun> completion = new ExecutorCompletionService<>(threads);
            for (StudyRun run : runs) {
                completion.submit(() -> {
                    runUnlessFailed(run);
                    return run;
                });
            }
            for (int i = 0; i < runs.size(); i++) {
                completion.take().get();
                writeResults();
            }
        } catch (ExecutionException e) {
            throw asUnchecked(e);
        } finally {
            threads.shutdownNow();
            threads.awaitTermination(2, TimeUnit.MINUTES);
        }
    }

    /** Executes a run, unless another has failed. */
    private void runUnlessFailed(StudyRun run) throws InterruptedException, IOException {
        if (failed) {
            return;
        }
        try {
            runOne(run);
        } catch (Throwable e) {
            failed = true;
            throw e;
        }
    }

    private void runOne(StudyRun run) throws InterruptedException, IOException {
        listener.onRunStart(run);
        DurableFiles.createFolders(run.folder());
        RunResult result = executor.run(run);
        if (result.status() == RunResult.Status.INTERRUPTED) {
            throw new InterruptedException(run.title());
        }
        RunSummary summary = keep(run, result);
        summaries.put(run, summary);
        listener.onRunEnd(run, summary);
    }

    /**
     * Writes the result of a diverged run, which may not have written one itself, so that the run is not tried again.
     */
    private RunSummary keep(StudyRun run, RunResult result) throws IOException {
        Path recipe = run.folder().resolve("recipe.yaml");
        if (!Files.exists(recipe)) {
            DurableFiles.write(recipe, run.recipe().toYaml());
        }
        if (result.status() == RunResult.Status.DIVERGED) {
            result.write(run.folder());
        }
        return RunFolder.finished(run, executor)
                .map(trained -> requireData(run, trained))
                .orElseThrow(() -> new IllegalStateException("the executor left no result, run = " + run.title()));
    }

    private StudyResults writeResults() {
        List<RunSummary> finished = new ArrayList<>();
        for (StudyRun run : grid) {
            Optional.ofNullable(summaries.get(run)).ifPresent(finished::add);
        }
        StudyResults results = StudyResults.of(study.file(), finished);
        results.write(out);
        return results;
    }

    private static RuntimeException asUnchecked(ExecutionException failure) throws InterruptedException {
        Throwable cause = failure.getCause();
        if (cause instanceof InterruptedException interrupted) {
            throw interrupted;
        }
        return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
    }

    private LockstepException unwritable(IOException e) {
        return new LockstepException(
                LockstepException.Kind.RECIPE,
                "cannot write the study: " + e,
                "out = " + out,
                "make the folder writable or choose another output folder",
                e);
    }
}
