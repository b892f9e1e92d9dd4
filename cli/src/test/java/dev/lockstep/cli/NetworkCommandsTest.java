package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every command takes every network on the class path, a user's own among them, by its name. */
@Tag("slow")
final class NetworkCommandsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "shufflenet_v2_x0_5, '348,967 parameters'",
        "own-network, 'size unknown: own-network does not describe its layers'",
        "resnet20, '269,527 parameters'"
    })
    void network_byItsName_isUsableInEveryCommand(String name, String planned) throws IOException {
        Path recipe = Files.writeString(folder.resolve("recipe.yaml"), """
                name: any
                epochs: 1
                workers: 2
                images-per-worker: 4
                data: {dataset: "synthetic:images=16,validation=8,shape=3x12x12,classes=7"}
                model: {name: %s}
                learning-rate: {reference-minibatch: 8}
                """.formatted(name));
        Path run = folder.resolve("run");
        Path weights = folder.resolve("weights.pt");
        Path image = folder.resolve("image.png");
        ImageIO.write(new BufferedImage(12, 12, BufferedImage.TYPE_INT_RGB), "png", image.toFile());
        Path study = Files.writeString(
                folder.resolve("study.yaml"),
                "{name: s, title: t, recipe: recipe.yaml, variants: [{name: a}], seeds: [1]}");

        assertThat(succeeds("plan", recipe)).contains(planned);
        assertThat(succeeds("plan", recipe, "--json")).contains("\"model\" : \"" + name + '"');
        succeeds("train", recipe, "--out", run);
        succeeds("export", run, "--out", weights);
        String measured = succeeds("eval", run);
        assertThat(measured).startsWith(name + " on 8 validation images");
        assertThat(succeeds("eval", weights, "--recipe", recipe)).isEqualTo(measured);
        String predicted = succeeds("predict", run, image);
        assertThat(predicted).contains("class-");
        assertThat(succeeds("predict", weights, "--recipe", recipe, image)).isEqualTo(predicted);
        // Whether six steps find a good rate is another question.
        assertThat(ran("tune", recipe, "--from", "0.01", "--to", "0.01", "--steps", "6")
                        .err())
                .startsWith("learning rate 0.01000 ");
        assertThat(succeeds("study", study, "--dry-run")).contains("1 runs, 0 finished");
    }

    private static CapturedRun ran(Object... arguments) {
        return CapturedRun.of(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
    }

    private static String succeeds(Object... arguments) {
        CapturedRun run = ran(arguments);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.out();
    }
}
