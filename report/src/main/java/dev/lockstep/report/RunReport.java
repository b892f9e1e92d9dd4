package dev.lockstep.report;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The report on one or more runs: curves and numbers on one page. */
public final class RunReport {
    /** The name of the report in a run folder. */
    public static final String NAME = "report.html";

    /** A marker in the first lines of Lockstep's pages that distinguishes them from other files. */
    public static final String GENERATOR = "<meta name=\"generator\" content=\"Lockstep\">\n";

    private static final String TABLE = "runs.csv";

    private static final Logger LOG = LoggerFactory.getLogger(RunReport.class);
    private static final int MOST_POINTS = 500;
    /** The number of points for noisy quantities. */
    private static final int FEW_POINTS = 100;

    private RunReport() {}

    /**
     * Writes {@code report.html} into a run's folder. A failure is only logged as a warning, because the run itself is
     * done.
     *
     * @param runFolder the run folder
     * @param options see {@link Environment#options}
     * @param iterationsPerEpoch steps of an epoch, for a run that ended before its first epoch did; 0 if unknown
     */
    public static void write(Path runFolder, List<String> options, int iterationsPerEpoch) {
        try {
            Environment.current(options, iterationsPerEpoch).writeOnce(runFolder);
            page(read(List.of(runFolder))).write(runFolder.resolve(NAME));
        } catch (IOException | RuntimeException | OutOfMemoryError | LinkageError e) {
            LOG.warn(
                    "cannot write the report, folder = {}: {}",
                    Printable.of(runFolder.toString()),
                    Printable.of(e.toString()));
        }
    }

    /**
     * Writes a page about several runs.
     *
     * @param runFolders the run folders, in the order of the page
     * @param out the file to write
     * @param plots the folder for the plots as SVG, PNG and CSV; empty for none
     * @throws LockstepException when a folder holds no run, or the page cannot be written
     */
    public static void write(List<Path> runFolders, Path out, Optional<Path> plots) {
        Page page = page(read(runFolders));
        String table = page.tables().get(0);
        plots.ifPresent(folder -> requireOwn(folder, table.lines().findFirst().orElse("")));
        try {
            page.write(out);
            if (plots.isPresent()) {
                DurableFiles.createFolders(plots.get());
                DurableFiles.write(plots.get().resolve(TABLE), table);
                StaticPlot.write(page.figures(), plots.get());
            }
        } catch (IOException e) {
            throw LockstepException.recipe("cannot write the report: " + e, "out = " + out, "choose a writable file");
        }
    }

    /**
     * Protects a user's own pictures: the folder must be new or empty, or contain the table that an earlier report
     * wrote.
     */
    private static void requireOwn(Path folder, String heading) {
        try (Stream<Path> entries = Files.exists(folder) ? Files.list(folder) : Stream.empty()) {
            Path table = folder.resolve(TABLE);
            if (entries.findAny().isEmpty()
                    || Files.isRegularFile(table) && Files.readString(table).startsWith(heading)) {
                return;
            }
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "cannot read the folder: " + e, "plots = " + folder, "choose another folder");
        }
        throw LockstepException.recipe(
                "folder holds files that were not written by a report",
                "plots = " + folder,
                "choose a new or empty folder");
    }

    private static List<RunData> read(List<Path> folders) {
        List<Path> paths = folders.stream()
                .map(folder -> folder.toAbsolutePath().normalize())
                .toList();
        return paths.stream()
                .map(path -> RunData.read(path, RunNames.shortest(path, paths)))
                .toList();
    }

    private static Page page(List<RunData> runs) {
        Page page = new Page(runs.size() == 1 ? "Run " + runs.get(0).name() : runs.size() + " runs");
        runs.forEach(run -> state(run).ifPresent(text -> page.html("<p class=\"note\">" + Page.escape(text) + "</p>")));
        summary(page, runs);
        page.element("h2", "Curves");
        page.figure(errors(runs));
        page.figure(steps(runs, "loss", "Training loss", "cross-entropy", MOST_POINTS, StepMetrics::loss));
        page.figure(steps(
                runs, "learning-rate", "Learning rate", "learning rate η̂", MOST_POINTS, StepMetrics::learningRate));
        page.figure(steps(runs, "speed", "Speed", "images/s", FEW_POINTS, StepMetrics::imagesPerSecond));
        page.figure(steps(runs, "noise-scale", "Gradient noise scale", "images", MOST_POINTS, StepMetrics::noiseScale));
        page.element("h2", "Reproduce");
        reproduce(page, runs);
        page.element("h2", "Environment");
        environment(page, runs);
        page.element("h2", "Recipes");
        runs.forEach(run -> page.details(run.name(), run.recipe().toYaml()));
        return page;
    }

    /** Uses the recipes in the run folders, which contain every default and are shown below too. */
    private static void reproduce(Page page, List<RunData> runs) {
        StringBuilder text = new StringBuilder();
        for (RunData run : runs) {
            text.append("./lockstep train ")
                    .append(Page.quoted(run.folder().resolve("recipe.yaml").toString()));
            text.append(Page.arguments(
                            run.environment().map(Environment::options).orElse(List.of())))
                    .append(" --out ")
                    .append(Page.quoted("runs/again/" + run.name()))
                    .append('\n');
        }
        page.command(text.toString());
        for (RunData run : runs) {
            run.result()
                    .filter(result -> !result.weightsSha256().isEmpty())
                    .ifPresent(result -> page.element(
                            "p",
                            "With the same build and kind of CPU, " + run.name() + " ends with weights_sha256 = "
                                    + result.weightsSha256() + "."));
        }
    }

    private static Optional<String> state(RunData run) {
        if (run.result().isEmpty()) {
            return Optional.of(run.name() + " has not ended yet. This page shows what it has written so far.");
        }
        RunResult.Status status = run.result().get().status();
        return status == RunResult.Status.COMPLETED
                ? Optional.empty()
                : Optional.of(run.name() + " " + (status == RunResult.Status.DIVERGED ? "diverged" : "was interrupted")
                        + " after step " + run.result().get().steps() + ".");
    }

    private static void summary(Page page, List<RunData> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (RunData run : runs) {
            Optional<RunResult> result = run.result();
            rows.add(List.of(
                    run.name(),
                    Format.percentage(run.metrics().medianOfLastFive()),
                    Format.percentage(result.map(RunResult::validationTop1Error).orElse(Double.NaN)),
                    Format.whole(run.recipe().minibatch()),
                    run.recipe().workers() + " × " + run.recipe().imagesPerWorker(),
                    Format.number(run.recipe().scaledLearningRate()),
                    Integer.toString(run.metrics().epochs().size()),
                    Format.whole(result.map(RunResult::imagesPerSecond).orElse(Double.NaN)),
                    Format.duration(run.metrics().epochs().stream()
                            .mapToDouble(dev.lockstep.metrics.EpochMetrics::seconds)
                            .sum())));
        }
        page.table(
                List.of(
                        "run",
                        "validation error, %, median of the last 5 epochs (of at most 5: the last)",
                        "last",
                        "minibatch kn",
                        "k × n",
                        "learning rate η̂",
                        "epochs",
                        "images/s",
                        "time"),
                rows);
    }

    private static Figure errors(List<RunData> runs) {
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            RunData run = runs.get(i);
            String prefix = runs.size() == 1 ? "" : run.name() + ", ";
            series.add(run.epochs(prefix + "training", i + 1, true, e -> 100 * e.trainTop1Error()));
            series.add(run.epochs(prefix + "validation", i + 1, false, e -> 100 * e.validationTop1Error()));
        }
        return Figure.curves(
                "error",
                "Error",
                "error, %",
                "Top-1 error of each epoch. Dashed: error on the training images, measured during training.",
                Figure.topAfterStart(series),
                series);
    }

    private static Figure steps(
            List<RunData> runs,
            String id,
            String title,
            String unit,
            int points,
            ToDoubleFunction<StepMetrics> number) {
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            series.add(runs.get(i).steps(runs.get(i).name(), i + 1, number).thinned(points));
        }
        boolean thinned = runs.stream().anyMatch(run -> run.metrics().steps().size() > points);
        return Figure.curves(
                id,
                title,
                unit,
                thinned
                        ? String.format(Locale.ROOT, "%d points, each the mean of an equal number of steps.", points)
                        : "Every step.",
                Double.NaN,
                series);
    }

    private static void environment(Page page, List<RunData> runs) {
        for (RunData run : runs) {
            if (runs.size() > 1) {
                page.element("h3", run.name());
            }
            String shape = run.result()
                    .map(result -> result.processes() + " × " + result.lanes())
                    .orElse(Format.NONE);
            page.facts(EnvironmentFacts.of(run.environment(), "processes × lanes", shape));
        }
    }
}
