package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.BestCheckpoint;
import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.metrics.Environment;
import dev.lockstep.storage.Locations;
import dev.lockstep.storage.Stores;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which checkpoint of a run a command takes, and the data that the run was trained on. */
final class CheckpointChoice {
    private static final String BEST = "best";
    private static final String LAST = "last";

    @Option(
            names = "--checkpoint",
            paramLabel = "best|last",
            description =
                    "Which checkpoint of a run folder: that of the lowest validation error, or the newest (default:"
                            + " ${DEFAULT-VALUE}).")
    private String which = BEST;

    /**
     * The checkpoint; empty if the file contains plain weights.
     *
     * @param file or a run's folder
     * @throws LockstepException of kind CHECKPOINT when it is missing or damaged
     */
    Optional<Checkpoint> read(Path file) {
        if (!which.equals(BEST) && !which.equals(LAST)) {
            throw LockstepException.recipe("--checkpoint = " + which, "", "use best or last");
        }
        if (Files.isDirectory(file)) {
            return Optional.of(ofRun(file.resolve("checkpoints")));
        }
        return Checkpoint.isOne(file) ? Optional.of(Checkpoint.read(file)) : Optional.empty();
    }

    private Checkpoint ofRun(Path folder) {
        CheckpointDirectory checkpoints =
                new CheckpointDirectory(folder, 1, notice -> System.err.println(Printable.of(notice, 2000)));
        Checkpoint chosen = (which.equals(BEST) ? checkpoints.bestOrNewest() : checkpoints.newest())
                .orElseThrow(() -> LockstepException.checkpoint(
                        "no checkpoint in this folder", "folder = " + folder, "give the folder of a run, or a file"));
        checkpoints
                .best()
                .filter(best ->
                        which.equals(BEST) && best.step() == chosen.step() && checkpoints.hasNewerThan(best.step()))
                .ifPresent(CheckpointChoice::tell);
        return chosen;
    }

    private static void tell(BestCheckpoint best) {
        System.err.printf(
                Locale.ROOT,
                "using the checkpoint of step %d, which has the lowest validation error, %.2f %%; --checkpoint last takes"
                        + " the newest%n",
                best.step(),
                100 * best.validationTop1Error());
    }

    /**
     * The data folder: the given one, or else that of the run; empty to find or fetch the data.
     *
     * @param file a run's folder, a checkpoint in one, or any other
     */
    static Optional<Path> dataOf(Optional<Path> given, Path file) {
        return given.or(() -> remembered(file));
    }

    private static Optional<Path> remembered(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        Path above = parent == null ? null : parent.getParent();
        Path run = Files.isDirectory(file) || above == null ? file : above;
        Optional<Environment> environment = Environment.read(run);
        Optional<Path> data =
                environment.flatMap(there -> there.option("--data").map(Locations::path));
        return data.map(there -> Stores.isRemote(there)
                        ? there
                        : Path.of(environment.orElseThrow().directory())
                                .resolve(there)
                                .normalize())
                .filter(there -> {
                    boolean exists = Files.exists(there);
                    if (!exists) {
                        System.err.println("note: the data of the run is gone, folder = "
                                + Printable.of(there.toString()) + "; give its new place with --data");
                    }
                    return exists;
                });
    }
}
