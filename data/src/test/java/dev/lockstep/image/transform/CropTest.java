package dev.lockstep.image.transform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.sampling.KeyedRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class CropTest {
    @Property(tries = 300)
    void random_liesInsideTheImage(
            @ForAll @IntRange(min = 8, max = 3000) int width,
            @ForAll @IntRange(min = 8, max = 3000) int height,
            @ForAll long key) {
        Crop crop = Crop.random(width, height, KeyedRandom.of(key));

        assertThat(crop.width()).isPositive();
        assertThat(crop.height()).isPositive();
        assertThat(crop.left()).isNotNegative();
        assertThat(crop.top()).isNotNegative();
        assertThat(crop.left() + crop.width()).isLessThanOrEqualTo(width);
        assertThat(crop.top() + crop.height()).isLessThanOrEqualTo(height);
    }

    @Test
    void random_coversAreaAndAspectRangesEvenly() {
        int small = 0;
        int wide = 0;
        int count = 4000;
        for (int key = 0; key < count; key++) {
            Crop crop = Crop.random(1000, 1000, KeyedRandom.of(key));
            double area = crop.width() * crop.height() / 1e6;
            double aspect = (double) crop.width() / crop.height();
            assertThat(area).isBetween(0.0795, 1.0);
            assertThat(aspect).isBetween(0.745, 1.34);
            small += area < 0.31 ? 1 : 0;
            wide += aspect > 1 ? 1 : 0;
        }
        // A quarter of the areas lie below 0.08 + 0.92/4; a little more, since large crops of odd aspect do not fit.
        assertThat((double) small / count).isBetween(0.24, 0.30);
        assertThat((double) wide / count).isBetween(0.46, 0.54);
    }

    @Test
    void random_veryLongImage_fallsBackToTheCenter() {
        assertThat(Crop.random(10_000, 30, KeyedRandom.of(1))).isEqualTo(new Crop(4980, 0, 40, 30));
        assertThat(Crop.random(30, 10_000, KeyedRandom.of(1))).isEqualTo(new Crop(0, 4980, 30, 40));
    }
}
