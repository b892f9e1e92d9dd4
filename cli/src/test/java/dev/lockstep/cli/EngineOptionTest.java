package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --engine} without the optional engine on the class path. */
final class EngineOptionTest {
    @TempDir
    private Path folder;

    private CapturedRun train(String... options) throws IOException {
        Path recipe = Files.writeString(folder.resolve("recipe.yaml"), """
                name: any
                epochs: 1
                workers: 2
                images-per-worker: 4
                data: {dataset: "synthetic:images=16,validation=8,shape=3x8x8,classes=7"}
                model: {name: resnet8, width: 4}
                learning-rate: {reference-minibatch: 8}
                """);
        List<String> arguments = new ArrayList<>(List.of(
                "train", recipe.toString(), "--out", folder.resolve("run").toString()));
        arguments.addAll(List.of(options));
        return CapturedRun.of(arguments.toArray(String[]::new));
    }

    @Test
    void auto_withoutTheModule_isLibtorchAndLeavesTheRecipeAsItIs() throws IOException {
        CapturedRun run = train("--engine", "auto");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(folder.resolve("run/recipe.yaml")).content().doesNotContain("engine");
    }

    @Test
    void onednn_withoutTheModule_saysWhatToAdd() throws IOException {
        CapturedRun run = train("--engine", "onednn");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .contains("error: the engine is not on the class path, engine = onednn, add lockstep-onednn");
    }

    @Test
    void unknownEngine_andBf16OfLibtorch_areRefused() throws IOException {
        assertThat(train("--engine", "cudnn").err()).contains("--engine = cudnn, no such engine");
        assertThat(train("--set", "precision=bf16").err())
                .contains("precision = bf16")
                .contains("device = cpu, use precision = float32, --device cuda, or engine = onednn for bf16");
        assertThat(train("--set", "precision=tf32", "--set", "engine=onednn").err())
                .contains("precision = tf32")
                .contains("must be float32 or bf16, or engine must be libtorch");
    }
}
