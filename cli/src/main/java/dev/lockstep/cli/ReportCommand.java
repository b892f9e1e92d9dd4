package dev.lockstep.cli;

import dev.lockstep.cli.page.RunReport;
import java.nio.file.Path;
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
final class ReportCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUN", description = "Run folders.")
    @SuppressWarnings("NullAway.Init")
    private List<Path> runs;

    @Option(names = "--out", paramLabel = "FILE.html", required = true, description = "The page.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(names = "--plots", paramLabel = "DIR", description = "Write every plot as SVG and PNG, too.")
    private Optional<Path> plots = Optional.empty();

    @Override
    public Integer call() {
        RunReport.write(runs, out, plots);
        System.out.println(out);
        return 0;
    }
}
