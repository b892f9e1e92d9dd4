package dev.lockstep.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.image.ImageShape;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.network.Networks;
import dev.lockstep.network.Parameter;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code plan} is told of a network is what training builds, for every network that there is. */
@Tag("slow")
class RegisteredNetworksTest {
    private static final List<ClassificationTask> TASKS =
            List.of(new ClassificationTask(3, 64, 64, 10), new ClassificationTask(1, 28, 35, 3));

    @BeforeAll
    static void load() {
        TorchRuntime.load();
    }

    static Stream<String> names() {
        return Networks.all().stream().map(Network::names).flatMap(List::stream);
    }

    /** The largest are made of the same parts. */
    static Stream<String> smallerNames() {
        return names().filter(name -> !name.matches("resnet(101|152)|wide_.*"));
    }

    @ParameterizedTest
    @MethodSource("names")
    void shape_hasTheParametersOfTheModule(String name) {
        Recipe.Model settings = new Recipe.Model(name, 0, true);
        for (ClassificationTask task : TASKS) {
            NetworkShape shape = Networks.named(settings).shape(settings, task).orElseThrow();
            ParameterLayout layout = ParameterLayout.of(create(settings, task).module());
            Map<String, Slot> slots =
                    layout.slots().stream().collect(Collectors.toMap(Slot::name, Function.identity()));

            List<Parameter> parameters = shape.layers().stream()
                    .flatMap(layer -> layer.parameters().stream())
                    .toList();
            assertThat(parameters)
                    .extracting(Parameter::name)
                    .as("names, in the order of the state dict")
                    .containsExactlyElementsOf(layout.stateNames().stream()
                            .filter(slots::containsKey)
                            .toList());
            for (Parameter parameter : parameters) {
                Slot slot = slots.get(parameter.name());
                assertThat(LongStream.of(slot.shape()).boxed().toList())
                        .as(parameter.name())
                        .isEqualTo(parameter.shape());
                assertThat(slot.role()).as(parameter.name()).isEqualTo(parameter.role());
            }
            assertThat(shape.parameters()).isEqualTo(layout.parameterCount());
            assertThat(shape.batchNormStatistics())
                    .isEqualTo(layout.norms().stream()
                            .mapToLong(norm -> 2L * norm.channels())
                            .sum());
        }
    }

    @ParameterizedTest
    @MethodSource("smallerNames")
    void forward_givesEachImageALogitPerClass(String name) {
        for (ClassificationTask task : TASKS) {
            try (StepScope scope = new StepScope();
                    AutoGradMode noGradients = new AutoGradMode(false)) {
                ImageClassifier network = create(new Recipe.Model(name, 0, true), task);
                network.initialize(1);
                network.module().eval();
                Tensor logits = network.forward(torch.ones(2, task.channels(), task.height(), task.width()));
                assertThat(logits.shape()).containsExactly(2, task.classes());
            }
        }
    }

    /** Everything that the seed does not decide would differ between processes, or between two runs. */
    @ParameterizedTest
    @MethodSource("smallerNames")
    void initialize_isAFunctionOfTheSeedAlone(String name) {
        Recipe.Model settings = new Recipe.Model(name, 0, true);
        List<String> digests = new ArrayList<>();
        for (long seed : new long[] {5, 5, 6}) {
            ImageClassifier network = create(settings, TASKS.get(0));
            network.initialize(seed);
            ParameterLayout layout = ParameterLayout.of(network.module());
            FlatState state = new FlatState(layout, network);
            digests.add(dev.lockstep.checkpoint.Checkpoint.weightsSha256(layout, state.parameters()));
        }
        assertThat(digests.get(1)).isEqualTo(digests.get(0)).isNotEqualTo(digests.get(2));
    }

    private static ImageClassifier create(Recipe.Model settings, ClassificationTask task) {
        return Models.create(settings, new ImageShape(task.channels(), task.height(), task.width()), task.classes());
    }
}
