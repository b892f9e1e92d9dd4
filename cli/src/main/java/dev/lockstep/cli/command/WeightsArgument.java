package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Parameters;

/** The CHECKPOINT argument: the file, a run's folder, or plain weights. */
final class WeightsArgument {
    @Parameters(
            index = "0",
            paramLabel = "CHECKPOINT",
            description = "A checkpoint, a run folder (its newest checkpoint), or weights (.safetensors, .pt, .pth).")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    Path file() {
        return file;
    }

    Weights weights() {
        return checkpoint(file).map(Weights::of).orElseGet(() -> Weights.read(file));
    }

    /**
     * The checkpoint; empty if the file contains plain weights.
     *
     * @param file or a run's folder
     * @throws LockstepException of kind CHECKPOINT when it is missing or damaged
     */
    static Optional<Checkpoint> checkpoint(Path file) {
        if (Files.isDirectory(file)) {
            return Optional.of(newest(file.resolve("checkpoints")));
        }
        return Checkpoint.isOne(file) ? Optional.of(Checkpoint.read(file)) : Optional.empty();
    }

    private static Checkpoint newest(Path folder) {
        return new CheckpointDirectory(folder, 1, notice -> System.err.println(Printable.of(notice, 2000)))
                .newest()
                .orElseThrow(() -> LockstepException.checkpoint(
                        "no checkpoint in this folder", "folder = " + folder, "give the folder of a run, or a file"));
    }
}
