package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.Weights;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The CHECKPOINT argument: the file, a run's folder, or plain weights. */
final class WeightsArgument {
    @Parameters(
            index = "0",
            paramLabel = "CHECKPOINT",
            description = "A checkpoint, a run folder, or weights (.safetensors, .pt, .pth).")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private CheckpointChoice choice;

    Path file() {
        return file;
    }

    CheckpointChoice choice() {
        return choice;
    }

    Weights weights() {
        return choice.read(file).map(Weights::of).orElseGet(() -> Weights.read(file));
    }
}
