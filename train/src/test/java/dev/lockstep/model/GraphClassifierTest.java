package dev.lockstep.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.image.ImageShape;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.network.ParameterRole;
import dev.lockstep.recipe.OptimizerSettings;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class GraphClassifierTest {
    private static final ImageShape SHAPE = new ImageShape(3, 64, 64);
    private static final OptimizerSettings OPTIMIZER = recipe("resnet18", true).optimizer();

    @BeforeAll
    static void load() {
        TorchRuntime.load();
    }

    private static Recipe recipe(String model, boolean zeroInit) {
        return RecipeFile.parse(
                "{name: test, epochs: 1, workers: 1, data: {dataset: synthetic}, model: {name: " + model
                        + ", zero-init-residual: " + zeroInit + "}}",
                "test",
                Map.of());
    }

    private static Module initialized(String model, boolean zeroInit, long seed) {
        ImageClassifier network = Models.create(recipe(model, zeroInit).model(), SHAPE, 1000);
        network.initialize(seed);
        return network.module();
    }

    private static float[] parameter(Module network, String name) {
        return Tensors.toArray(network.named_parameters().get(name));
    }

    private static double deviation(float[] values) {
        return Math.sqrt(IntStream.range(0, values.length)
                        .mapToDouble(i -> (double) values[i] * values[i])
                        .sum()
                / values.length);
    }

    @Test
    void initialize_drawsHeFanOutKernelsAndASmallClassifier() {
        Module network = initialized("resnet18", true, 3);
        Map.of("conv1.weight", 64 * 49, "layer2.0.conv1.weight", 128 * 9, "layer2.0.downsample.0.weight", 128)
                .forEach((name, fanOut) -> {
                    double expected = Math.sqrt(2.0 / fanOut);
                    assertThat(deviation(parameter(network, name)))
                            .as(name)
                            .isCloseTo(expected, within(0.03 * expected));
                });
        assertThat(deviation(parameter(network, "fc.weight"))).isCloseTo(0.01, within(1e-4));
        assertThat(parameter(network, "fc.bias")).containsOnly(0);
    }

    @Test
    void initialize_zeroesTheLastGammaOfEachBlockAlone() {
        Module network = initialized("resnet18", true, 3);
        assertThat(parameter(network, "layer3.1.bn2.weight")).containsOnly(0);
        for (String name : List.of("bn1.weight", "layer3.1.bn1.weight", "layer2.0.downsample.1.weight")) {
            assertThat(parameter(network, name)).as(name).containsOnly(1);
        }
        assertThat(parameter(initialized("resnet18", false, 3), "layer3.1.bn2.weight"))
                .containsOnly(1);
    }

    /** A block of three convolutions ends with bn3. */
    @Test
    void initialize_ofABottleneck_zeroesTheLastGammaOfEachBlockAlone() {
        Module network = initialized("resnet50", true, 3);
        int zero = 0;
        for (Slot slot : ParameterLayout.of(network, OPTIMIZER).slots()) {
            String name = slot.name();
            if (slot.role() == ParameterRole.NORM && name.endsWith("weight")) {
                boolean last = name.endsWith("bn3.weight");
                assertThat(parameter(network, name)).as(name).containsOnly(last ? 0 : 1);
                zero += last ? 1 : 0;
            }
        }
        assertThat(zero).isEqualTo(3 + 4 + 6 + 3);
        Map.of("layer3.2.conv1.weight", 256, "layer3.2.conv2.weight", 256 * 9, "layer3.2.conv3.weight", 1024)
                .forEach((name, fanOut) -> assertThat(deviation(parameter(network, name)))
                        .as(name)
                        .isCloseTo(Math.sqrt(2.0 / fanOut), within(0.03 * Math.sqrt(2.0 / fanOut))));
    }

    @Test
    void initialize_isAFunctionOfTheSeed() {
        float[] first = parameter(initialized("resnet18", true, 3), "layer1.0.conv1.weight");
        assertThat(parameter(initialized("resnet18", true, 3), "layer1.0.conv1.weight"))
                .isEqualTo(first);
        assertThat(parameter(initialized("resnet18", true, 4), "layer1.0.conv1.weight"))
                .isNotEqualTo(first);
    }

    @Test
    void layout_keepsKernelsChannelsLastInTheFlatBuffer() {
        Module network = initialized("resnet18", true, 3);
        ParameterLayout layout = ParameterLayout.of(network, OPTIMIZER);
        ImageClassifier classifier = (ImageClassifier) network;
        FlatState state = new FlatState(layout, classifier);
        Replica.evaluation(classifier, state, 1e-5);
        for (Slot slot : layout.slots()) {
            Tensor parameter = network.named_parameters().get(slot.name());
            assertThat(parameter.data_ptr_float().address())
                    .as(slot.name())
                    .isEqualTo(state.parameters().data_ptr_float().address() + Float.BYTES * slot.offset());
            if (slot.shape().length == 4) {
                assertThat(parameter.is_contiguous(MemoryFormat.ChannelsLast))
                        .as(slot.name() + Arrays.toString(slot.shape()))
                        .isTrue();
            }
        }
    }

    @Test
    void layout_rolesComeFromTheOwners() {
        ParameterLayout layout = ParameterLayout.of(initialized("resnet18", true, 3), OPTIMIZER);
        for (Slot slot : layout.slots()) {
            String name = slot.name();
            boolean norm = name.contains("bn") || name.contains("downsample.1");
            ParameterRole expected =
                    norm ? ParameterRole.NORM : name.endsWith("bias") ? ParameterRole.BIAS : ParameterRole.WEIGHT;
            assertThat(slot.role()).as(name).isEqualTo(expected);
            assertThat(slot.offset() < layout.decayed()).as(name).isEqualTo(!norm);
        }
    }
}
