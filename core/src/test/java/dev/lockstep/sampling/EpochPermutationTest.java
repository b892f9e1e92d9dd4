package dev.lockstep.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EpochPermutationTest {
    @Property
    void of_anySize_isAPermutation(
            @ForAll long seed, @ForAll @IntRange(min = 0) int epoch, @ForAll @IntRange(min = 0, max = 3000) int size) {
        int[] order = EpochPermutation.of(seed, epoch, size).slice(0, size);

        assertThat(Arrays.stream(order).sorted().toArray())
                .isEqualTo(IntStream.range(0, size).toArray());
    }

    @Test
    void of_otherEpochOrSeed_isAnotherOrder() {
        int[] first = EpochPermutation.of(1, 0, 1000).slice(0, 1000);

        assertThat(EpochPermutation.of(1, 0, 1000).slice(0, 1000)).isEqualTo(first);
        assertThat(EpochPermutation.of(1, 1, 1000).slice(0, 1000)).isNotEqualTo(first);
        assertThat(EpochPermutation.of(2, 0, 1000).slice(0, 1000)).isNotEqualTo(first);
    }

    @Test
    void of_manySeeds_everyOrderIsEquallyLikely() {
        int[] counts = new int[27];
        for (int seed = 0; seed < 6000; seed++) {
            int[] order = EpochPermutation.of(seed, 0, 3).slice(0, 3);
            counts[9 * order[0] + 3 * order[1] + order[2]]++;
        }
        int[] seen = Arrays.stream(counts).filter(count -> count > 0).toArray();
        assertThat(seen).hasSize(6);
        assertThat(Arrays.stream(seen)).allSatisfy(count -> assertThat(count).isBetween(880, 1120));
    }
}
