package dev.lockstep.cli.command;

import dev.lockstep.cli.Main;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.launch.ChildJvm;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.ResolvedRecipe;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.study.RunExecutor;
import dev.lockstep.study.StudyRun;
import dev.lockstep.supervise.LogTail;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Trains each run of a study in a separate process with {@code lockstep train}, which resumes existing runs. */
final class ChildRuns implements RunExecutor {
    private static final int DIVERGED = LockstepException.Kind.DIVERGED.exitCode();
    private static final long SAVE_SECONDS = 60;
    private static final long ORPHAN_SECONDS = 10;
    private static final int LONGEST_IDENTITY = 1000;
    private static final String LOG = "train.log";

    private final List<String> options;
    private final DataOption data;
    private final Optional<Path> weights;
    private final Map<Recipe.Data, Known> known = new ConcurrentHashMap<>();

    /** What studies need to know of a dataset, whose images they do not keep. */
    private record Known(String fingerprint, ClassificationTask task) {}

    /**
     * @param options of {@code train}, in addition to the recipe and the run folder
     * @param weights for the runs whose recipe names initial weights
     */
    ChildRuns(List<String> options, DataOption data, Optional<Path> weights) {
        this.options = new ArrayList<>(options);
        this.data = data;
        this.weights = weights;
        this.options.addAll(data.arguments());
    }

    /** The options that name files. */
    List<String> files() {
        return Stream.concat(data.files().stream(), weightsOption().stream()).toList();
    }

    private List<String> weightsOption() {
        return weights.map(file -> List.of("--weights", file.toString())).orElse(List.of());
    }

    @Override
    public String datasetFingerprint(StudyRun run) {
        return data(run).fingerprint;
    }

    @Override
    public Recipe resolved(StudyRun run) {
        return ResolvedRecipe.of(run.recipe(), data(run).task);
    }

    private Known data(StudyRun run) {
        return known.computeIfAbsent(run.recipe().data(), wanted -> {
            OpenDataset opened = data.open(wanted);
            return new Known(opened.fingerprint(), opened.task());
        });
    }

    @Override
    public RunResult run(StudyRun run) throws InterruptedException {
        try {
            waitForOrphan(run.folder());
            Process process = start(run);
            try {
                return result(run, process.waitFor());
            } catch (InterruptedException e) {
                stop(process);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process start(StudyRun run) throws IOException {
        Path recipe = run.folder().resolve("study-recipe.yaml");
        DurableFiles.write(recipe, run.recipe().toYaml());
        List<String> arguments = new ArrayList<>(
                List.of("train", recipe.toString(), "--out", run.folder().toString(), "--resume", "auto"));
        arguments.addAll(options);
        if (!run.recipe().model().weights().equals("none")) {
            arguments.addAll(weightsOption());
        }
        Path log = run.folder().resolve(LOG);
        Process process = ChildJvm.of(Main.class.getName(), arguments)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.getOutputStream().close();
        DurableFiles.write(pidFile(run.folder()), identity(process.toHandle()));
        return process;
    }

    private static Path pidFile(Path folder) {
        return folder.resolve("train.pid");
    }

    /** After a study is killed, its runs end within moments; a new study must not find their folders still locked. */
    private static void waitForOrphan(Path folder) throws IOException, InterruptedException {
        if (!Files.exists(pidFile(folder))) {
            return;
        }
        String identity = InputFile.text(pidFile(folder), LONGEST_IDENTITY).strip();
        Matcher pid = Pattern.compile("([0-9]{1,18}) .*").matcher(identity);
        ProcessHandle orphan =
                pid.matches() ? ProcessHandle.of(Long.parseLong(pid.group(1))).orElse(null) : null;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(ORPHAN_SECONDS);
        while (orphan != null
                && orphan.isAlive()
                && identity(orphan).equals(identity)
                && System.nanoTime() < deadline) {
            Thread.sleep(50);
        }
    }

    /** Id and start time of a process: another process may have its id by now. */
    private static String identity(ProcessHandle process) {
        return process.pid() + " "
                + process.info().startInstant().map(Object::toString).orElse("");
    }

    private RunResult result(StudyRun run, int exitCode) throws IOException, InterruptedException {
        Files.deleteIfExists(pidFile(run.folder()));
        if (exitCode == 130 || exitCode == 143) {
            throw new InterruptedException(run.title() + " was asked to stop");
        }
        if (exitCode == 0) {
            return RunResult.read(run.folder());
        }
        if (exitCode == DIVERGED && Files.exists(run.folder().resolve(RunResult.NAME))) {
            return RunResult.read(run.folder());
        }
        throw LockstepException.worker(
                "a run failed, exit code = " + exitCode + ": "
                        + LogTail.lastError(run.folder().resolve(LOG)),
                "run = " + run.title(),
                "see " + run.folder().resolve(LOG) + ", then start the study again: it resumes from here");
    }

    private static void stop(Process process) {
        process.destroy();
        if (!endsWithin(process, SAVE_SECONDS)) {
            process.destroyForcibly();
        }
    }

    private static boolean endsWithin(Process process, long seconds) {
        try {
            return process.waitFor(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
