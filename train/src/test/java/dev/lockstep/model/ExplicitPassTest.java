package dev.lockstep.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.EagerNorm;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import dev.lockstep.train.TestRuns;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class ExplicitPassTest {
    private static final int IMAGES = 3;

    /** A gradient leaves while the rest is computed only if it is reported as soon as it is there. */
    @Test
    void gradients_areReportedWhileBackwardProceeds() {
        TorchRuntime.load();
        Recipe recipe = TestRuns.recipe();
        ImageClassifier network =
                Models.create(recipe.model(), TestRuns.data(recipe).shape(), 10);
        network.initialize(1);
        ParameterLayout layout = ParameterLayout.of(network.module(), recipe.optimizer());
        FlatState state = new FlatState(Device.cpu(), layout, network);
        Tensor gradients = torch.zeros(layout.parameters()).fill_(new Scalar(Double.NaN));
        List<Integer> reported = new ArrayList<>();
        List<Integer> missing = new ArrayList<>();
        Engine.Input input = new Engine.Input(
                state,
                gradients,
                torch.zeros(layout.statistics()),
                1e-5,
                IMAGES,
                1,
                recipe.precision(),
                LayerGroups.none(layout),
                slot -> {
                    reported.add(slot);
                    assertThat(isThere(layout, gradients, slot)).isTrue();
                    missing.add((int) layout.slots().stream()
                            .filter(each ->
                                    !isThere(layout, gradients, layout.slots().indexOf(each)))
                            .count());
                });
        assertThat(ExplicitPass.supports(network.graph().orElseThrow(), input)).isTrue();
        try (StepScope scope = new StepScope();
                WorkerPass pass = ExplicitPass.create(network.graph().orElseThrow(), input, new EagerNorm())) {
            long[] shape = {IMAGES, TestRuns.data(recipe).shape().channels(), 8, 8};
            pass.compute(torch.randn(shape), torch.zeros(IMAGES).to(torch.ScalarType.Long), 4, logits -> {});
        }
        int slots = layout.slots().size();
        assertThat(new HashSet<>(reported)).hasSize(slots);
        assertThat(reported).hasSize(slots);
        // After a linear layer's bias, its weights; after each norm's β, its γ: these come in pairs.
        assertThat(missing.get(0)).isGreaterThanOrEqualTo(slots - 2);
        assertThat(missing.get(slots - 1)).isZero();
        assertThat(missing).isSortedAccordingTo((a, b) -> b - a);
    }

    private static boolean isThere(ParameterLayout layout, Tensor gradients, int slot) {
        return Tensors.isFinite(ParameterLayout.view(gradients, layout.slots().get(slot)));
    }
}
