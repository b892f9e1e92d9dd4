package dev.lockstep.cli.command;

import dev.lockstep.cli.terminal.TextTable;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Csv;
import dev.lockstep.report.RunFolders;
import dev.lockstep.report.RunGlance;
import dev.lockstep.report.RunNames;
import dev.lockstep.storage.Stores;
import dev.lockstep.text.Format;
import dev.lockstep.text.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep runs}: a table of runs and their results. */
@Command(
        name = "runs",
        description = "Lists runs with their state and results, the newest first.",
        footer = {"", "Examples:", "  lockstep runs", "  lockstep runs runs/study-quick --csv > quick.csv"})
public final class RunsCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "RUNS", description = "Run folders, or folders of runs (default: runs).")
    private List<Path> roots = List.of();

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    @Option(names = "--csv", description = "Print comma-separated values.")
    private boolean csv;

    private record Runs(List<RunGlance> runs) {}

    @Override
    public Integer call() {
        List<RunGlance> runs = read();
        if (json) {
            System.out.println(Json.pretty(new Runs(runs)));
        } else if (csv) {
            System.out.print(csv(runs));
        } else if (runs.isEmpty()) {
            System.err.println("no runs here; 'lockstep train RECIPE' makes one in runs/");
        } else {
            System.out.print(table(runs));
        }
        return 0;
    }

    private List<RunGlance> read() {
        List<Path> folders = roots.isEmpty() ? List.of(Path.of("runs")) : roots;
        for (Path folder : folders) {
            Stores.requireLocal("RUNS", folder);
            if (!roots.isEmpty() && !Files.isDirectory(folder)) {
                throw LockstepException.recipe(
                        "no such folder", "RUNS = " + folder, "give a run folder, or a folder with runs in it");
            }
        }
        List<Path> found = new ArrayList<>(RunFolders.runs(folders));
        for (Path study : RunFolders.studies(folders)) {
            found.addAll(RunFolders.runs(List.of(study.resolve("runs"))));
        }
        List<Path> distinct = found.stream().distinct().toList();
        Instant now = Instant.now();
        List<RunGlance> runs = new ArrayList<>();
        for (Path folder : distinct) {
            try {
                runs.add(RunGlance.of(folder, RunNames.shortest(folder, distinct), now));
            } catch (LockstepException e) {
                System.err.println("warning: " + e.getMessage());
            }
        }
        runs.sort(Comparator.comparing(RunGlance::updated).reversed());
        return runs;
    }

    private static String csv(List<RunGlance> runs) {
        Csv csv = new Csv(
                "name",
                "folder",
                "state",
                "recipe",
                "minibatch",
                "workers",
                "images_per_worker",
                "learning_rate",
                "step",
                "total_steps",
                "epochs",
                "loss",
                "validation_top1_error",
                "median_last5_validation_top1_error",
                "images_per_second",
                "seconds",
                "processes",
                "weights_sha256",
                "updated");
        runs.forEach(run -> csv.row(
                run.name(),
                run.folder(),
                run.state(),
                run.recipe(),
                run.minibatch(),
                run.workers(),
                run.imagesPerWorker(),
                run.learningRate(),
                run.step(),
                run.totalSteps(),
                run.epochs(),
                run.loss(),
                run.validationTop1Error(),
                run.medianLast5ValidationTop1Error(),
                run.imagesPerSecond(),
                run.seconds(),
                run.processes(),
                run.weightsSha256(),
                run.updated()));
        return csv.toString();
    }

    private static String table(List<RunGlance> runs) {
        TextTable table = new TextTable("run", "state", "step", "of", "kn", "loss", "error %", "images/s", "time");
        runs.forEach(run -> table.row(
                run.name(),
                run.state(),
                Format.count(run.step()),
                run.totalSteps() == 0 ? Format.NONE : Format.count(run.totalSteps()),
                Format.count(run.minibatch()),
                Format.number(run.loss()),
                Format.percentage(run.validationTop1Error()),
                Format.whole(run.imagesPerSecond()),
                Format.duration(run.seconds())));
        return table.toString();
    }
}
