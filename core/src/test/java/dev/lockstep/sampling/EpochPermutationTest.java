package dev.lockstep.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
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

    @Property
    void balanced_anyLabels_hasEveryClassAndEachOfItsSamplesEquallyOften(
            @ForAll long seed,
            @ForAll @IntRange(max = 50) int epoch,
            @ForAll @Size(min = 1, max = 300) List<@IntRange(max = 6) Integer> classes) {
        int[] labels = classes.stream().mapToInt(Integer::intValue).toArray();
        int[] order = EpochPermutation.balanced(seed, epoch, labels).slice(0, labels.length);

        int[] perClass = new int[7];
        int[] perSample = new int[labels.length];
        for (int sample : order) {
            perClass[labels[sample]]++;
            perSample[sample]++;
        }
        long present = classes.stream().distinct().count();
        for (int c = 0; c < perClass.length; c++) {
            int label = c;
            if (!classes.contains(c)) {
                assertThat(perClass[c]).isZero();
                continue;
            }
            assertThat((double) perClass[c]).isCloseTo((double) labels.length / present, within(1.0));
            int[] members = IntStream.range(0, labels.length)
                    .filter(i -> labels[i] == label)
                    .map(i -> perSample[i])
                    .toArray();
            assertThat(IntStream.of(members).max().getAsInt()
                            - IntStream.of(members).min().getAsInt())
                    .isLessThanOrEqualTo(1);
        }
    }

    @Test
    void balanced_isFixedByItsKeys_andDiffersBetweenEpochs() {
        int[] labels = {0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
        assertThat(EpochPermutation.balanced(1, 0, labels).slice(0, 10)).containsExactly(8, 6, 9, 8, 5, 1, 9, 9, 9, 8);
        assertThat(EpochPermutation.balanced(1, 1, labels).slice(0, 10))
                .isNotEqualTo(EpochPermutation.balanced(1, 0, labels).slice(0, 10));
        assertThat(EpochPermutation.balanced(2, 0, labels).slice(0, 10))
                .isNotEqualTo(EpochPermutation.balanced(1, 0, labels).slice(0, 10));
    }
}
