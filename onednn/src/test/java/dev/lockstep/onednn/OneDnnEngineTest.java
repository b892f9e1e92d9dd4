package dev.lockstep.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.Engine;
import dev.lockstep.model.Engines;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.natives.NativeLibraries;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class OneDnnEngineTest {
    private static Recipe recipe(String model) {
        return RecipeFile.parse(
                "{name: test, epochs: 1, workers: 1, images-per-worker: 2, engine: onednn, data: {dataset: synthetic},"
                        + " model: {name: " + model + "}}",
                "test",
                Map.of());
    }

    @Test
    void best_isOnednnWhereItCanComputeTheNetwork() {
        TorchRuntime.load();
        assertThat(Engines.best(recipe("resnet50"))).isEqualTo(Recipe.Engine.ONEDNN);
        assertThat(Engines.best(recipe("shufflenet_v2_x0_5"))).isEqualTo(Recipe.Engine.LIBTORCH);
        assertThat(Engines.best(recipe("resnet50").with(Map.of("model.frozen", "[conv1]"))))
                .isEqualTo(Recipe.Engine.LIBTORCH);
    }

    /** Another process may be about to load them. */
    @Test
    void load_again_leavesEveryFileAsItIs() throws IOException {
        TorchRuntime.load();
        NativeLibraries.load("dnnl", dnnl.class);
        Path folder = Path.of(Loader.load(dnnl.class)).toAbsolutePath().getParent();
        List<String> before = files(folder);
        assertThat(before).anyMatch(line -> line.startsWith("libdnnl.so"));
        NativeLibraries.load("dnnl", dnnl.class);
        assertThat(files(folder)).isEqualTo(before);
    }

    /** Names, and when their files were written, linked or renamed. */
    private static List<String> files(Path folder) throws IOException {
        List<String> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            for (Path file : all) {
                files.add(file.getFileName() + " " + Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS));
            }
        }
        files.sort(null);
        return files;
    }

    @Test
    void pass_networkWithAnUnknownOperation_isRefusedWithItsName() {
        TorchRuntime.load();
        Recipe recipe = recipe("shufflenet_v2_x0_5");
        ImageClassifier network = Models.create(recipe.model(), new ImageShape(3, 32, 32), 10);
        ParameterLayout layout = ParameterLayout.of(network.module());
        Engine.Input input = new Engine.Input(
                new FlatState(layout, network),
                torch.zeros(layout.parameters()),
                torch.zeros(layout.statistics()),
                1e-5,
                2,
                1,
                Recipe.Precision.FLOAT32,
                LayerGroups.none(layout),
                slot -> {});
        assertThatThrownBy(() -> Engines.pass(recipe, network, input))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith(
                        "the engine cannot compute this recipe: it has no operation 'all channels of both'")
                .hasMessageContaining("engine = onednn");
    }
}
