package dev.lockstep.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.model.Segment;
import dev.lockstep.network.ParameterRole;
import dev.lockstep.optim.Optimizer.Rates;
import dev.lockstep.recipe.LarsSettings;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Scale;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Against lars_steps.py. */
class LarsTest {
    private static final JsonNode GOLDEN = golden();
    private static final long FIRST = 32;

    static {
        TorchRuntime.load();
    }

    private static JsonNode golden() {
        try {
            return new ObjectMapper().readTree(LarsTest.class.getResource("lars-steps.json"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double number(String key) {
        return GOLDEN.get(key).asDouble();
    }

    private static Lars lars() {
        return new Lars(
                new LarsSettings(number("momentum"), number("weightDecay"), number("trust"), number("epsilon")));
    }

    private static Rates rates(int step) {
        JsonNode rates = GOLDEN.get("rates");
        double rate = rates.get(step).asDouble();
        return new Rates(rate, rates.get(Math.max(0, step - 1)).asDouble(), number("weightDecay"));
    }

    /** Layers of the golden file one after another in flat buffers, with gaps of 3 floats, the decayed ones first. */
    private static final class Buffers {
        private final List<Slot> slots = new ArrayList<>();
        private final long decayed;
        private final Tensor parameters;
        private final Tensor momentum;

        Buffers() {
            long at = FIRST;
            long ofDecayed = 0;
            for (JsonNode layer : GOLDEN.get("layers")) {
                long[] shape = {layer.get("start").size()};
                slots.add(new Slot(layer.get("name").asText(), shape, ParameterRole.WEIGHT, at));
                at += shape[0] + 3;
                ofDecayed = layer.get("decayed").asBoolean() ? at : ofDecayed;
            }
            decayed = ofDecayed - FIRST;
            parameters = torch.zeros((int) (at - FIRST));
            momentum = torch.zeros((int) (at - FIRST));
            fill(parameters, layer -> layer.get("start"));
        }

        void fill(Tensor buffer, Function<JsonNode, JsonNode> values) {
            for (int i = 0; i < slots.size(); i++) {
                Slot slot = slots.get(i);
                Tensors.assign(
                        buffer.narrow(0, slot.offset() - FIRST, slot.length()),
                        floats(values.apply(GOLDEN.get("layers").get(i))));
            }
        }

        Tensor gradient(int step) {
            Tensor gradient = torch.zeros((int) parameters.numel());
            fill(gradient, layer -> layer.get("gradients").get(step));
            return gradient;
        }

        /** The slots from one to another as a segment of their own. */
        Segment segment(int from, int to, Tensor gradient) {
            long start = slots.get(from).offset();
            long end = to == slots.size()
                    ? FIRST + parameters.numel()
                    : slots.get(to).offset();
            return new Segment(
                    slots.subList(from, to),
                    start,
                    Math.max(0, Math.min(end, FIRST + decayed) - start),
                    parameters.narrow(0, start - FIRST, end - start),
                    gradient.narrow(0, start - FIRST, end - start),
                    Map.of(LarsSettings.MOMENTUM, momentum.narrow(0, start - FIRST, end - start)));
        }
    }

    private static float[] floats(JsonNode numbers) {
        float[] values = new float[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) numbers.get(i).asDouble();
        }
        return values;
    }

    private static void assertGolden(String name, float[] actual, JsonNode expected) {
        double norm = 0;
        for (JsonNode value : expected) {
            norm = Math.max(norm, Math.abs(value.asDouble()));
        }
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i])
                    .as("%s[%d]", name, i)
                    .isCloseTo(expected.get(i).asDouble(), within(2e-6 * norm));
        }
    }

    @Test
    void update_ofGoldenSteps_agreesAndLeavesTheGapsZero() {
        try (StepScope scope = new StepScope()) {
            Buffers buffers = new Buffers();
            for (int step = 0; step < GOLDEN.get("rates").size(); step++) {
                lars().update(buffers.segment(0, buffers.slots.size(), buffers.gradient(step)), step, rates(step));
            }
            double values = 0;
            for (int i = 0; i < buffers.slots.size(); i++) {
                Slot slot = buffers.slots.get(i);
                JsonNode layer = GOLDEN.get("layers").get(i);
                long at = slot.offset() - FIRST;
                float[] weights = Tensors.toArray(buffers.parameters.narrow(0, at, slot.length()));
                assertGolden(slot.name(), weights, layer.get("end"));
                float[] momentum = Tensors.toArray(buffers.momentum.narrow(0, at, slot.length()));
                assertGolden("momentum of " + slot.name(), momentum, layer.get("momentum"));
                values += buffers.parameters
                        .narrow(0, at, slot.length())
                        .abs()
                        .sum()
                        .item_double();
            }
            assertThat(buffers.parameters.abs().sum().item_double()).isCloseTo(values, within(1e-5));
            float[] gap = Tensors.toArray(buffers.parameters.narrow(0, buffers.parameters.numel() - 3, 3));
            assertThat(gap).containsOnly(0);
        }
    }

    /** Buckets are a matter of speed: how parameters are grouped must not change a bit. */
    @Test
    void update_inSeveralSegments_hasTheSameBits() {
        try (StepScope scope = new StepScope()) {
            Buffers whole = new Buffers();
            Buffers parts = new Buffers();
            for (int step = 0; step < GOLDEN.get("rates").size(); step++) {
                lars().update(whole.segment(0, 7, whole.gradient(step)), step, rates(step));
                Tensor gradient = parts.gradient(step);
                lars().update(parts.segment(4, 7, gradient), step, rates(step));
                lars().update(parts.segment(0, 1, gradient), step, rates(step));
                lars().update(parts.segment(1, 4, gradient), step, rates(step));
            }
            assertThat(Tensors.toArray(parts.parameters)).isEqualTo(Tensors.toArray(whole.parameters));
            assertThat(Tensors.toArray(parts.momentum)).isEqualTo(Tensors.toArray(whole.momentum));
        }
    }

    /** What the trust ratio is for: only the direction of a layer's gradient matters, and the step is τη of the layer. */
    @Property(tries = 100)
    void step_ofAGradientOfAnySize_isTheTrustedFractionOfTheLayer(
            @ForAll @DoubleRange(min = 1e-6, max = 1e6) @Scale(6) double size,
            @ForAll @DoubleRange(min = 1e-3, max = 10) @Scale(3) double rate) {
        try (StepScope scope = new StepScope()) {
            float[] start = {1, -2, 3, 0.5f};
            float[] direction = {0.5f, 0.5f, -0.5f, 0.5f};
            for (int i = 0; i < direction.length; i++) {
                direction[i] *= (float) size;
            }
            Tensor w = AbstractTensor.create(start);
            Segment segment = new Segment(
                    List.of(new Slot("w", new long[] {4}, ParameterRole.WEIGHT, 0)),
                    0,
                    4,
                    w,
                    AbstractTensor.create(direction),
                    Map.of(LarsSettings.MOMENTUM, torch.zeros(4)));
            new Lars(new LarsSettings(0.9, 0, 0.01, 0)).update(segment, 0, new Rates(rate, rate, 0));
            double norm = Math.sqrt(1 + 4 + 9 + 0.25);
            double moved = w.sub(AbstractTensor.create(start)).norm().item_double();
            assertThat(moved).isCloseTo(0.01 * rate * norm, within(1e-6 * norm + 1e-4 * 0.01 * rate * norm));
        }
    }
}
