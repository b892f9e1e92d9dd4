package dev.lockstep.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class KeyedRandomTest {
    @Test
    void nextLong_knownKeys_neverChanges() {
        KeyedRandom random = KeyedRandom.of(1, 2, 3);

        // These numbers determine the weights of every run; a change here invalidates all published hashes.
        assertThat(new long[] {random.nextLong(), random.nextLong(), random.nextLong()})
                .containsExactly(-5140953261149599839L, -5543914296156559364L, 7976117300386899307L);
        assertThat(KeyedRandom.key("epoch-permutation")).isEqualTo(7695740963428507735L);
    }

    @Property
    void of_oneKeyDiffers_anotherStream(@ForAll long seed, @ForAll int epoch, @ForAll int index) {
        long first = KeyedRandom.of(seed, epoch, index).nextLong();

        assertThat(KeyedRandom.of(seed, epoch, index).nextLong()).isEqualTo(first);
        assertThat(KeyedRandom.of(seed + 1, epoch, index).nextLong()).isNotEqualTo(first);
        assertThat(KeyedRandom.of(seed, epoch + 1, index).nextLong()).isNotEqualTo(first);
        assertThat(KeyedRandom.of(seed, epoch, index + 1).nextLong()).isNotEqualTo(first);
    }

    @Test
    void of_keysInAnotherOrder_anotherStream() {
        assertThat(KeyedRandom.of(1, 2).nextLong())
                .isNotEqualTo(KeyedRandom.of(2, 1).nextLong());
    }

    @Property
    void nextInt_anyBound_staysInRange(@ForAll long seed, @ForAll @IntRange(min = 1) int bound) {
        KeyedRandom random = KeyedRandom.of(seed);
        for (int i = 0; i < 20; i++) {
            assertThat(random.nextInt(bound)).isBetween(0, bound - 1);
        }
    }

    @Test
    void nextInt_manyDraws_isUniform() {
        int[] counts = new int[10];
        KeyedRandom random = KeyedRandom.of(42);
        for (int i = 0; i < 100_000; i++) {
            counts[random.nextInt(10)]++;
        }
        // χ² with 9 degrees of freedom: 27.9 is the 99.9 % quantile.
        double chiSquare = 0;
        for (int count : counts) {
            chiSquare += (count - 10_000) * (count - 10_000) / 10_000.0;
        }
        assertThat(chiSquare).isLessThan(27.9);
    }

    @Test
    void nextInt_noRange_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyedRandom.of(1).nextInt(0))
                .withMessageContaining("bound = 0");
    }

    @Test
    void nextGaussian_manyDraws_hasMomentsOfTheStandardNormal() {
        KeyedRandom random = KeyedRandom.of(7);
        int draws = 200_000;
        double sum = 0;
        double squares = 0;
        double fourths = 0;
        for (int i = 0; i < draws; i++) {
            double x = random.nextGaussian();
            sum += x;
            squares += x * x;
            fourths += x * x * x * x;
        }
        assertThat(sum / draws).isCloseTo(0, within(0.01));
        assertThat(squares / draws).isCloseTo(1, within(0.02));
        assertThat(fourths / draws).isCloseTo(3, within(0.15));
    }

    @Test
    void nextDouble_range_staysBetweenAndHasTheMean() {
        KeyedRandom random = KeyedRandom.of(9);
        double sum = 0;
        for (int i = 0; i < 100_000; i++) {
            double x = random.nextDouble(2, 4);
            assertThat(x).isGreaterThanOrEqualTo(2).isLessThan(4);
            sum += x;
        }
        assertThat(sum / 100_000).isCloseTo(3, within(0.01));
    }

    @Test
    void nextBoolean_manyDraws_isFair() {
        KeyedRandom random = KeyedRandom.of(11);
        int heads = 0;
        for (int i = 0; i < 100_000; i++) {
            heads += random.nextBoolean() ? 1 : 0;
        }
        assertThat(heads).isBetween(49_400, 50_600);
    }
}
