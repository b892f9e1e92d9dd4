package dev.lockstep.cli.command;

import dev.lockstep.cli.terminal.OptionHints;
import dev.lockstep.cli.terminal.RunPosition;
import dev.lockstep.cli.terminal.StudyPace;
import dev.lockstep.cli.terminal.StudyView;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.launch.StopRequests;
import dev.lockstep.launch.Terminal;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.network.Networks;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.RunReport;
import dev.lockstep.report.StudyReport;
import dev.lockstep.storage.Stores;
import dev.lockstep.study.Study;
import dev.lockstep.study.StudyListener;
import dev.lockstep.study.StudyResults;
import dev.lockstep.study.StudyRun;
import dev.lockstep.study.StudyRunner;
import dev.lockstep.text.Format;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep study}: runs a grid of variants × seeds and answers the questions that were stated beforehand. */
@Command(
        name = "study",
        description = "Runs every variant of a study with every seed, and writes tables, plots and verdicts.",
        footer = {
            "",
            "Examples:",
            "  lockstep study studies/quick.yaml",
            "  lockstep study studies/table1.yaml --out runs/table1 --parallel 2",
            "  lockstep study studies/table2b.yaml --reuse studies/results/table1.json",
            "To resume a killed or stopped study, repeat the same command."
        })
public final class StudyCommand implements Callable<Integer> {
    private static final int TERMINATED = 143;

    @Parameters(paramLabel = "STUDY", description = "Study file, such as studies/quick.yaml.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder for the study (default: runs/study-<name>).")
    private Optional<Path> out = Optional.empty();

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private DataOption data;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description =
                    "Number of runs in parallel (default: cores / threads-per-worker). Does not change any result.")
    private int parallel;

    @Option(
            names = "--reuse",
            paramLabel = "STUDY",
            description =
                    "Folder or summary.json of another study (repeatable). Its runs with the same recipe (apart from"
                            + " the name) and data are reused instead of trained again: with the same version and kind of"
                            + " CPU the results would be the same.")
    private List<Path> reuse = List.of();

    @Option(
            names = "--weights",
            paramLabel = "FILE",
            description = "The weights of the runs whose recipe names some with model.weights.")
    private Optional<Path> weights = Optional.empty();

    @Option(names = "--dry-run", description = "Print the grid and a time estimate without running anything.")
    private boolean dryRun;

    @Option(names = "--json", description = "Print the summary as JSON.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        Study study = Study.read(file);
        study.recipes().values().forEach(recipe -> Networks.named(recipe.model()));
        if (parallel < 0) {
            throw LockstepException.recipe("--parallel = " + parallel, "must be at least 1", "");
        }
        Path folder =
                out.orElseGet(() -> Path.of("runs", "study-" + study.file().name()));
        Stores.requireLocal("--out", folder);
        int cores = Runtime.getRuntime().availableProcessors();
        int threads = study.recipes().values().stream()
                .mapToInt(Recipe::threadsPerWorker)
                .max()
                .orElse(1);
        int sideBySide = parallel > 0 ? parallel : Math.max(1, cores / threads);
        int lanes = Math.max(1, cores / sideBySide / threads);
        ChildRuns children = new ChildRuns(List.of("--lanes", Integer.toString(lanes), "--json"), data, weights);
        List<StudyRun> grid = study.grid(folder);
        double secondsPerEpoch = secondsPerEpoch(study, grid);
        StudyPace pace = new StudyPace(grid, sideBySide, secondsPerEpoch, RunPosition::epochsDone, System::nanoTime);
        if (dryRun) {
            return dryRun(study, folder, pace, sideBySide);
        }
        return run(study, folder, children, pace, sideBySide);
    }

    /**
     * The time per epoch as measured by runs in the folder, or else by the study's author; NaN when neither is known.
     */
    private static double secondsPerEpoch(Study study, List<StudyRun> grid) {
        return grid.stream()
                .map(run -> run.folder().resolve(MetricsFile.NAME))
                .filter(Files::exists)
                .flatMap(metrics -> MetricsFile.read(metrics).epochs().stream())
                .mapToDouble(EpochMetrics::seconds)
                .average()
                .orElse(study.file().secondsPerEpoch() > 0 ? study.file().secondsPerEpoch() : Double.NaN);
    }

    private Integer dryRun(Study study, Path folder, StudyPace pace, int sideBySide) {
        // Without the usual executor, which would open the data and possibly fetch it.
        StudyRunner runner = new StudyRunner(study, folder, reuse, StudyCommand::runNothing, new StudyListener() {});
        List<StudyRun> finished = runner.finished();
        pace.start(finished);
        double seconds = pace.secondsLeft();
        System.out.println(json ? grid(runner, finished, seconds) : gridText(runner, finished, seconds, sideBySide));
        return 0;
    }

    private static RunResult runNothing(StudyRun run) {
        throw new IllegalStateException(run.title());
    }

    private static String gridText(StudyRunner runner, List<StudyRun> finished, double seconds, int sideBySide) {
        StringBuilder text = new StringBuilder();
        for (StudyRun run : runner.grid()) {
            Recipe recipe = run.recipe();
            text.append(String.format(
                    Locale.ROOT,
                    "%-28s kn = %-6d η̂ = %-8s %d epochs  %s\n",
                    run.title(),
                    recipe.minibatch(),
                    Format.number(recipe.scaledLearningRate()),
                    recipe.epochs(),
                    finished.contains(run) ? "finished" : "to run"));
        }
        return text
                + String.format(
                        Locale.ROOT,
                        "%d runs, %d finished; %s with %d in parallel",
                        runner.grid().size(),
                        finished.size(),
                        Double.isNaN(seconds)
                                ? "time unknown (no run of this study has finished an epoch here, and it sets no"
                                        + " seconds-per-epoch),"
                                : "about " + Format.clock(seconds),
                        sideBySide);
    }

    private static String grid(StudyRunner runner, List<StudyRun> finished, double seconds) {
        return Json.pretty(new Grid(
                runner.grid().stream()
                        .map(run -> GridRun.of(run, finished.contains(run)))
                        .toList(),
                seconds));
    }

    private record Grid(List<GridRun> runs, double secondsLeft) {}

    private record GridRun(
            String variant, long seed, int minibatch, double learningRate, int epochs, boolean finished) {
        static GridRun of(StudyRun run, boolean finished) {
            return new GridRun(
                    run.variant().name(),
                    run.seed(),
                    run.recipe().minibatch(),
                    run.recipe().scaledLearningRate(),
                    run.recipe().epochs(),
                    finished);
        }
    }

    private Integer run(Study study, Path folder, ChildRuns children, StudyPace pace, int sideBySide)
            throws IOException {
        StudyRunner.requireOwn(folder);
        DurableFiles.createFolders(folder);
        Environment.current(children.files()).writeOnce(folder);
        System.err.println(study.file().title());
        try (StopRequests stops = new StopRequests(
                StopRequests.once("runs are saving a checkpoint and will stop", Thread.currentThread()::interrupt))) {
            return run(study, folder, children, pace, sideBySide, stops);
        }
    }

    private Integer run(
            Study study, Path folder, ChildRuns children, StudyPace pace, int sideBySide, StopRequests stops)
            throws IOException {
        StudyResults results;
        try (StudyView view = new StudyView(pace, System.err, Terminal.fromEnvironment())) {
            results = new StudyRunner(study, folder, reuse, children, view).run(sideBySide);
        } catch (InterruptedException e) {
            System.err.println("stopped; repeat the same command to resume");
            // Perhaps only a run received the signal.
            return stops.received() == 0 ? TERMINATED : stops.exitCode();
        }
        // Write the missing reports of finished runs that were killed between writing their result and their report.
        study.grid(folder).stream()
                .map(StudyRun::folder)
                .filter(run -> Files.isRegularFile(run.resolve(RunResult.NAME)))
                .filter(run -> !Files.isRegularFile(run.resolve(RunReport.NAME)))
                .forEach(run -> RunReport.write(run, children.files(), 0));
        writePage(study, results, folder);
        System.out.println(json ? results.summaryJson() : StudyText.of(results, folder.resolve(StudyReport.NAME)));
        return 0;
    }

    /** A failure is only a warning, because the study itself is done. */
    private static void writePage(Study study, StudyResults results, Path folder) {
        try {
            StudyReport.write(study, results, folder);
        } catch (LockstepException e) {
            System.err.println("warning: " + OptionHints.addTo(e.getMessage()));
        }
    }
}
