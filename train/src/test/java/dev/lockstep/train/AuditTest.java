package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuditTest {
    private static final Recipe RECIPE = TestRuns.recipe();
    private static final OpenDataset DATA = TestRuns.data(RECIPE);
    private static final int[] SAMPLES = {3, 1, 2};

    private static FlatState state() {
        TorchRuntime.load();
        ImageClassifier network = Models.create(RECIPE.model(), DATA.shape(), DATA.classes());
        network.initialize(1);
        return new FlatState(ParameterLayout.of(network.module(), RECIPE.optimizer()), network);
    }

    /** Flips the last bit of the first value of a tensor. */
    private static void damage(FlatState state, String what) {
        Tensor tensor = switch (what.substring(0, what.indexOf(' '))) {
            case "parameter" -> state.parameters();
            case "momentum" -> state.momentum();
            default -> state.running();
        };
        String name = what.substring(what.lastIndexOf(' ') + 1);
        int at = (int) Stream.concat(
                        state.layout().slots().stream()
                                .filter(slot -> slot.name().equals(name))
                                .map(ParameterLayout.Slot::offset),
                        state.layout().norms().stream()
                                .filter(norm -> norm.name().equals(name))
                                .map(ParameterLayout.NormSlot::offset))
                .findFirst()
                .orElseThrow()
                .longValue();
        float[] values = Tensors.toArray(tensor);
        values[at] = Float.intBitsToFloat(Float.floatToRawIntBits(values[at]) ^ 1);
        Tensors.assign(tensor, values);
    }

    @ParameterizedTest
    @CsvSource({"0, parameter layer2.0.conv1.weight", "1, momentum of fc.bias", "2, running statistics of layer3.0.bn2"
    })
    void oneProcessWithAnotherBit_isNamedByAll(int odd, String what) throws Exception {
        List<Throwable> failures = InMemoryGroup.play(3, group -> {
            FlatState state = state();
            if (group.rank() == odd) {
                damage(state, what);
            }
            return catchThrowable(() -> new Audit(group).compare(17, 0.1, SAMPLES, state));
        });
        assertThat(failures).allSatisfy(failure -> {
            assertThat(failure)
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(4))
                    .hasMessageContainingAll(
                            "rank = " + odd + " has another " + what + " than rank = " + (odd == 0 ? 1 : 0),
                            "step = 17");
        });
    }

    @Test
    void anotherRateOrPosition_isNamed() throws Exception {
        List<String> messages = InMemoryGroup.play(3, group -> {
            int[] samples = group.rank() == 1 ? new int[] {3, 2, 1} : SAMPLES;
            return catchThrowable(() -> new Audit(group).compare(1, 0.1, samples, state()))
                    .getMessage();
        });
        assertThat(messages)
                .allMatch(message -> message.contains("rank = 1 has another sampling position than rank = 0"));
        messages = InMemoryGroup.play(
                3,
                group -> catchThrowable(() -> new Audit(group)
                                .compare(1, group.rank() == 0 ? 0.1 : Math.nextUp(0.1), SAMPLES, state()))
                        .getMessage());
        assertThat(messages).allMatch(message -> message.contains("rank = 0 has another learning rate than rank = 1"));
    }

    @Test
    void equalProcesses_pass() throws Exception {
        assertThat(InMemoryGroup.play(2, group -> {
                    new Audit(group).compare(1, 0.1, Arrays.copyOf(SAMPLES, 3), state());
                    return true;
                }))
                .containsOnly(true);
    }
}
