package dev.lockstep.onednn;

import static dev.lockstep.onednn.TestPass.distance;
import static dev.lockstep.onednn.TestPass.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.onednn.TestPass.Result;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Tensors;
import java.util.HashSet;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OneDnnPassTest {
    private static TestPass pass(String model, int n, int channels, int side) {
        return new TestPass(model, n, channels, side, Recipe.Precision.FLOAT32);
    }

    /** No ReLU of these few is near enough to 0 for its gate to hang on a rounding. */
    @ParameterizedTest
    @CsvSource({"resnet8, 8, 3, 16", "resnet8, 5, 1, 13"})
    void gradients_ofEveryParameter_areFloat64sButForRounding(String model, int n, int channels, int side) {
        TestPass test = pass(model, n, channels, side);
        double[] exact = test.exact();
        Result result = test.computed(Recipe.Engine.ONEDNN);
        for (Slot slot : test.layout.slots()) {
            assertThat(distance(result.gradients(), exact, slot.offset(), slot.offset() + slot.length()))
                    .as(slot.name())
                    .isLessThan(2e-5);
        }
    }

    /**
     * Deeper networks have ReLUs whose gate hangs on a rounding, in one engine or the other, and each may move the gradient by
     * a percent.
     */
    @Tag("slow")
    @ParameterizedTest
    @CsvSource({
        "resnet20, 16, 1, 28",
        "resnet18, 8, 3, 64",
        "resnet50, 4, 3, 64",
        "resnext50_32x4d, 4, 3, 64",
        "mobilenet_v2, 8, 3, 64"
    })
    void gradients_asAWhole_areAboutAsNearToFloat64AsLibtorchs(String model, int n, int channels, int side) {
        TestPass test = pass(model, n, channels, side);
        double[] exact = test.exact();
        Result libtorch = test.computed(Recipe.Engine.LIBTORCH);
        Result result = test.computed(Recipe.Engine.ONEDNN);
        long all = test.layout.parameters();
        double usual = distance(libtorch.gradients(), exact, 0, all);
        assertThat(distance(result.gradients(), exact, 0, all)).isLessThan(Math.max(4 * usual, 1e-2));
        assertThat(result.loss()).isCloseTo(libtorch.loss(), within(1e-4 * libtorch.loss()));
        assertThat(distance(result.statistics(), doubles(libtorch.statistics()), 0, test.layout.statistics()))
                .isLessThan(1e-4);
        assertThat(distance(result.logits(), doubles(libtorch.logits()), 0, result.logits().length))
                .isLessThan(1e-3);
    }

    @Test
    void compute_dividesByTheWorkers_andReportsEverySlotOnceFromTheLastLayerOn() {
        TestPass test = pass("resnet8", 4, 3, 16);
        try (TestPass.OwnLane lane = test.new OwnLane(Recipe.Engine.ONEDNN)) {
            Result one = lane.compute(1);
            Result four = lane.compute(4);
            assertThat(four.loss()).isEqualTo(one.loss());
            double[] quarter = IntStream.range(0, one.gradients().length)
                    .mapToDouble(i -> one.gradients()[i] / 4)
                    .toArray();
            assertThat(distance(four.gradients(), quarter, 0, quarter.length)).isLessThan(1e-6);
            assertThat(new HashSet<>(one.completed())).hasSameSizeAs(test.layout.slots());
            assertThat(one.completed()).hasSameSizeAs(test.layout.slots());
            assertThat(test.layout.slots().get(one.completed().get(0)).name()).startsWith("fc.");
            int last = one.completed().get(one.completed().size() - 1);
            assertThat(test.layout.slots().get(last).name()).isEqualTo("conv1.weight");
        }
    }

    @Test
    void compute_againAndInAnotherLane_givesTheSameBits() {
        TestPass test = pass("resnet20", 8, 1, 28);
        try (TestPass.OwnLane lane = test.new OwnLane(Recipe.Engine.ONEDNN);
                TestPass.OwnLane other = test.new OwnLane(Recipe.Engine.ONEDNN)) {
            Result first = lane.compute(2);
            for (Result again : new Result[] {lane.compute(2), other.compute(2), lane.compute(2)}) {
                assertThat(again.gradients()).isEqualTo(first.gradients());
                assertThat(again.statistics()).isEqualTo(first.statistics());
                assertThat(again.logits()).isEqualTo(first.logits());
            }
        }
    }

    /** What is left are the few tensors of the loss. */
    @Test
    void compute_leavesAsLittleGarbage_whateverTheNetworkAndItsImages() {
        long deep = garbage(pass("resnet20", 16, 1, 28));
        long shallow = garbage(pass("resnet8", 2, 1, 28));
        assertThat(deep).isLessThan(4096).isLessThanOrEqualTo(shallow + 256);
    }

    /** The least of several, after methods have been compiled and classes loaded. */
    private static long garbage(TestPass test) {
        try (TestPass.OwnLane lane = test.new OwnLane(Recipe.Engine.ONEDNN)) {
            return IntStream.range(0, 20).mapToLong(i -> lane.garbage()).min().orElseThrow();
        }
    }

    @Test
    void parametersChanged_isNoticed() {
        TestPass test = pass("resnet8", 4, 3, 16);
        try (TestPass.OwnLane lane = test.new OwnLane(Recipe.Engine.ONEDNN)) {
            Result before = lane.compute(1);
            test.state.parameters().mul_(new Scalar(1.1));
            lane.parametersChanged();
            Result after = lane.compute(1);
            assertThat(after.loss()).isNotEqualTo(before.loss());
            double[] exact = test.exact();
            assertThat(distance(after.gradients(), exact, 0, exact.length)).isLessThan(2e-5);
        }
    }

    /** oneDNN's ReLU makes 0 of a NaN. */
    @Test
    void compute_withAParameterThatIsNotFinite_givesALossOrAGradientThatIsNot() {
        TestPass test = pass("resnet8", 4, 3, 16);
        for (Slot slot : test.layout.slots()) {
            float before = Tensors.toArray(test.state.parameters().narrow(0, slot.offset(), 1))[0];
            test.state.parameters().narrow(0, slot.offset(), 1).fill_(new Scalar(Double.NaN));
            Result result = test.computed(Recipe.Engine.ONEDNN);
            double sum = result.loss();
            for (float gradient : result.gradients()) {
                sum += (double) gradient * gradient;
            }
            assertThat(sum).as(slot.name()).isNaN();
            test.state.parameters().narrow(0, slot.offset(), 1).fill_(new Scalar((double) before));
        }
    }

    /** A bf16 number has 8 bits: some percent in the gradient of a worker. */
    @Test
    void bf16_isNearFloat64() {
        assumeTrue(OneDnnEngine.hasBf16(), "needs AVX512-BF16 or AMX");
        TestPass test = new TestPass("resnet8", 16, 3, 16, Recipe.Precision.BF16);
        double[] exact = test.exact();
        Result result = test.computed(Recipe.Engine.ONEDNN);
        assertThat(distance(result.gradients(), exact, 0, exact.length)).isBetween(1e-4, 0.1);
        assertThat(result.loss())
                .isCloseTo(test.computed(Recipe.Engine.LIBTORCH).loss(), within(0.02));
    }
}
