package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClassificationTest {
    static {
        TorchRuntime.load();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 1", "1, 1, 1", "2, 1, 0", "3, 1, 1",
        "0, 2, 1", "1, 2, 0", "2, 2, 0", "3, 2, 1",
        "0, 4, 0", "3, 3, 0"
    })
    void wrong_countsByRank(int label, int top, int expected) {
        // From the largest: class 2, then 1, 3 and 0.
        assertThat(wrong(label, top, -1, 2, 5, 0)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 0", "1, 1, 1", "1, 2, 0", "2, 2, 1"})
    void wrong_ofEqualLogits_followsTheOrderOfClasses(int label, int top, int expected) {
        assertThat(wrong(label, top, 1, 1, 1)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "2, 1", "1, 3"})
    void wrong_ofNaN_isWrong(int label, int top) {
        assertThat(wrong(label, top, Float.NaN, Float.NaN, Float.NaN)).isEqualTo(1);
    }

    private static int wrong(int label, int top, float... logits) {
        try (StepScope scope = new StepScope()) {
            Tensor ahead = Classification.ahead(
                    AbstractTensor.create(logits, new long[] {1, logits.length}),
                    AbstractTensor.create(new long[] {label}));
            return (int) Classification.wrong(ahead, logits.length, top).item_long();
        }
    }
}
