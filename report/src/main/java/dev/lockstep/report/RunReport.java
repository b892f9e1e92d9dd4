package dev.lockstep.report;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
            RunPage.of(read(List.of(runFolder))).write(runFolder.resolve(NAME));
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
        Page page = RunPage.of(read(runFolders));
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

    private static List<RunView> read(List<Path> folders) {
        List<Path> paths = folders.stream()
                .map(folder -> folder.toAbsolutePath().normalize())
                .toList();
        return paths.stream()
                .map(path -> RunView.open(path, RunNames.shortest(path, paths)))
                .toList();
    }
}
