package dev.lockstep.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MinibatchPlanTest {
    @Property
    void samples_anyKAndNAndSize_partsAreDisjointAndComplete(
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = 200) int epoch,
            @ForAll @IntRange(min = 1, max = 40) int k,
            @ForAll @IntRange(min = 1, max = 40) int n,
            @ForAll @IntRange(min = 0, max = 3000) int beyond) {
        int size = k * n + beyond;
        MinibatchPlan plan = new MinibatchPlan(seed, size, k, n);
        BitSet seen = new BitSet(size);
        for (int iteration = 0; iteration < plan.iterationsPerEpoch(); iteration++) {
            for (int worker = 0; worker < k; worker++) {
                int[] samples = plan.samples(epoch, iteration, worker);
                assertThat(samples).hasSize(n);
                for (int sample : samples) {
                    assertThat(seen.get(sample)).as("sample %d twice", sample).isFalse();
                    seen.set(sample);
                }
            }
        }
        assertThat(seen.length()).isLessThanOrEqualTo(size);
        assertThat(seen.cardinality()).isEqualTo(size - plan.droppedPerEpoch());
        assertThat(plan.droppedPerEpoch()).isBetween(0, plan.minibatch() - 1);
    }

    @Test
    void samples_sameMinibatch_isTheSameForEveryNumberOfWorkers() {
        MinibatchPlan one = new MinibatchPlan(3, 1000, 1, 96);
        MinibatchPlan many = new MinibatchPlan(3, 1000, 12, 8);

        int[] joined = IntStream.range(0, 12)
                .flatMap(worker -> IntStream.of(many.samples(4, 2, worker)))
                .toArray();
        assertThat(joined).isEqualTo(one.samples(4, 2, 0));
    }

    @Test
    void samples_epochsInAnyOrder_doNotDependOnWhatWasAskedBefore() {
        MinibatchPlan plan = new MinibatchPlan(5, 500, 4, 10);
        List<Integer> epochs = List.of(0, 1, 0, 2, 1, 3, 0);

        assertThat(epochs)
                .allSatisfy(epoch -> assertThat(plan.samples(epoch, 3, 1))
                        .isEqualTo(new MinibatchPlan(5, 500, 4, 10).samples(epoch, 3, 1)));
    }

    @Test
    void samples_manyThreadsAcrossEpochs_agreeWithOne() {
        MinibatchPlan plan = new MinibatchPlan(5, 2000, 4, 10);

        List<int[]> parallel = IntStream.range(0, 400)
                .parallel()
                .mapToObj(i -> plan.samples(i % 3, i % 50, i % 4))
                .toList();
        assertThat(IntStream.range(0, 400))
                .allSatisfy(i -> assertThat(parallel.get(i))
                        .isEqualTo(new MinibatchPlan(5, 2000, 4, 10).samples(i % 3, i % 50, i % 4)));
    }

    @Test
    void new_65536Workers_doesNotOverflow() {
        MinibatchPlan plan = new MinibatchPlan(0, 2_200_000, 65_536, 32);

        assertThat(plan.minibatch()).isEqualTo(2_097_152);
        assertThat(plan.iterationsPerEpoch()).isEqualTo(1);
        assertThat(plan.samples(0, 0, 65_535)).hasSize(32);
    }

    @Test
    void new_minibatchLargerThanDataset_isARecipeErrorThatNamesTheLargestK() {
        assertThatThrownBy(() -> new MinibatchPlan(0, 60_000, 2048, 32))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageContaining("minibatch = 65536")
                .hasMessageContaining("dataset size = 60000")
                .hasMessageEndingWith("use workers ≤ 1875");
    }

    @Test
    void new_oneWorkersImagesExceedTheDataset_namesTheLargestN() {
        assertThatThrownBy(() -> new MinibatchPlan(0, 20, 1, 32)).hasMessageEndingWith("use images-per-worker ≤ 20");
    }

    @Test
    void samples_outOfRange_isRefused() {
        MinibatchPlan plan = new MinibatchPlan(0, 100, 2, 10);

        assertThatIllegalArgumentException().isThrownBy(() -> plan.samples(0, 5, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> plan.samples(0, 0, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> plan.samples(0, -1, 0));
    }
}
