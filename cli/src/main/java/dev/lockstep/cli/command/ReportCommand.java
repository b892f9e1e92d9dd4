package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.report.RunReport;
import dev.lockstep.storage.Stores;
import dev.lockstep.text.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep report}: curves of runs on one page. */
@Command(
        name = "report",
        description = "Writes the curves of one or more runs as one self-contained HTML page.",
        footer = {"", "Example:", "  lockstep report runs/small runs/large --out compare.html --plots plots"})
public final class ReportCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUN", description = "Run folders.")
    @SuppressWarnings("NullAway.Init")
    private List<Path> runs;

    @Option(names = "--out", paramLabel = "FILE.html", description = "The page (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("report.html");

    @Option(
            names = "--plots",
            paramLabel = "DIR",
            description = "Also write every plot as SVG, PNG and CSV, and the table as runs.csv.")
    private Optional<Path> plots = Optional.empty();

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Written(String report) {}

    /** Without what a pattern such as {@code runs/*} matches besides; all if none is a run, for a message that says why. */
    private List<Path> found() {
        List<Path> found = runs.stream().filter(ReportCommand::isRun).toList();
        if (found.isEmpty()) {
            return runs;
        }
        runs.stream()
                .filter(run -> !found.contains(run))
                .forEach(other -> System.err.println("skipped " + Printable.of(other.toString()) + ": no run"));
        return found;
    }

    private static boolean isRun(Path folder) {
        return Files.exists(folder.resolve("recipe.yaml")) && Files.exists(folder.resolve(MetricsFile.NAME));
    }

    @Override
    public Integer call() {
        Path twice = runs.stream()
                .filter(run -> Collections.frequency(runs, run) > 1)
                .findFirst()
                .orElse(null);
        if (twice != null) {
            throw LockstepException.recipe("a run is given twice", "run = " + twice, "name every run folder once");
        }
        plots.ifPresent(folder -> Stores.requireLocal("--plots", folder));
        OutputFile.requireReplaceable("--out", out, start -> start.contains(RunReport.GENERATOR));
        RunReport.write(found(), out, plots);
        System.out.println(json ? Json.pretty(new Written(out.toString())) : out.toString());
        return 0;
    }
}
