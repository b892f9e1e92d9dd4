package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.Weights;
import dev.lockstep.text.Json;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lockstep export}: writes weights for other tools. */
@Command(
        name = "export",
        description = {
            "Writes the weights of a checkpoint, without optimizer state, under torchvision's names.",
            "To load: safetensors.torch.load_file(path) for .safetensors, torch.load(path, weights_only=True) for .pt"
                    + " and .pth.",
            "Both work with load_state_dict(…, strict=True). Also converts one file format to the other."
        },
        footer = {"", "Example: lockstep export runs/fashion-mnist --out weights.pt"})
public final class ExportCommand implements Runnable {
    @Mixin
    @SuppressWarnings("NullAway.Init")
    private WeightsArgument saved;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            required = true,
            description = "Output file: .safetensors, .pt or .pth.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Exported(String file, int tensors) {}

    @Override
    public void run() {
        if (!Weights.isReplaceable(out)) {
            OutputFile.requireReplaceable("--out", out, start -> false);
        }
        Weights weights = saved.weights();
        weights.write(out);
        int tensors = weights.tensors().size();
        System.out.println(
                json
                        ? Json.pretty(new Exported(out.toString(), tensors))
                        : String.format(Locale.ROOT, "%s: %,d tensors", out, tensors));
    }
}
