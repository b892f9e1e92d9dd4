package dev.lockstep.image.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.codec.TestImages;
import dev.lockstep.image.transform.TriangleFilter.Interval;
import java.nio.FloatBuffer;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class ResamplerTest {
    @Property(tries = 200)
    void weights_sumToOneAndStayInside(
            @ForAll @IntRange(min = 1, max = 700) int length,
            @ForAll @IntRange(min = 1, max = 300) int size,
            @ForAll @IntRange(min = 0, max = 50) int start) {
        TriangleFilter filter = TriangleFilter.of(Interval.whole(start, length, size), start, start + length);
        assertThat(filter.low()).isGreaterThanOrEqualTo(start);
        assertThat(filter.high()).isLessThanOrEqualTo(start + length);
        for (int i = 0; i < size; i++) {
            double sum = 0;
            for (int tap = 0; tap < filter.taps(); tap++) {
                float weight = filter.weights()[i * filter.taps() + tap];
                assertThat(weight).isNotNegative();
                if (weight > 0) {
                    assertThat(filter.first()[i] + tap).isLessThan(filter.span());
                }
                sum += weight;
            }
            assertThat(sum).isCloseTo(1, within(1e-5));
        }
    }

    /** Every loop (2, 3, 4, many taps; one band, several) against the definition of a separable filter. */
    @Property(tries = 40)
    void resample_isTheWeightedMean(
            @ForAll @IntRange(min = 8, max = 60) int width,
            @ForAll @IntRange(min = 8, max = 1300) int height,
            @ForAll @IntRange(min = 1, max = 20) int side) {
        ImageData.Pixels pixels = TestImages.pixels(width, height, width * 31L + height);
        TriangleFilter horizontal = TriangleFilter.of(Interval.whole(0, width, side), 0, width);
        TriangleFilter vertical = TriangleFilter.of(Interval.whole(0, height, side + 1), 0, height);
        float[] seen = resample(pixels, horizontal, vertical, side, side + 1);
        for (int y = 0; y <= side; y++) {
            for (int x = 0; x < side; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    double sum = 0;
                    for (int i = 0; i < vertical.taps(); i++) {
                        for (int j = 0; j < horizontal.taps(); j++) {
                            double weight = (double) vertical.weights()[y * vertical.taps() + i]
                                    * horizontal.weights()[x * horizontal.taps() + j];
                            if (weight > 0) {
                                int row = vertical.low() + vertical.first()[y] + i;
                                int column = horizontal.low() + horizontal.first()[x] + j;
                                sum += weight * (pixels.values()[(row * width + column) * 3 + channel] & 0xFF);
                            }
                        }
                    }
                    assertThat(seen[(y * side + x) * 3 + channel]).isCloseTo((float) (2 * sum + 1), within(0.01f));
                }
            }
        }
    }

    @Test
    void resample_mirrored_isTheMirrorImage() {
        ImageData.Pixels pixels = TestImages.pixels(50, 40, 5);
        TriangleFilter horizontal = TriangleFilter.of(Interval.whole(0, 50, 20), 0, 50);
        TriangleFilter vertical = TriangleFilter.of(Interval.whole(0, 40, 20), 0, 40);
        float[] plain = resample(pixels, horizontal, vertical, 20, 20);
        float[] mirrored = resample(pixels, horizontal.mirrored(), vertical, 20, 20);
        for (int y = 0; y < 20; y++) {
            for (int x = 0; x < 20; x++) {
                assertThat(Arrays.copyOfRange(mirrored, (y * 20 + x) * 3, (y * 20 + x) * 3 + 3))
                        .isEqualTo(Arrays.copyOfRange(plain, (y * 20 + 19 - x) * 3, (y * 20 + 19 - x) * 3 + 3));
            }
        }
    }

    @Test
    void resample_leftoversOfEarlierImages_doNotMatter() {
        ImageData.Pixels pixels = TestImages.pixels(50, 40, 5);
        TriangleFilter horizontal = TriangleFilter.of(Interval.whole(0, 50, 20), 0, 50);
        TriangleFilter vertical = TriangleFilter.of(Interval.whole(0, 40, 20), 0, 40);
        float[] first = resample(pixels, horizontal, vertical, 20, 20);
        resample(
                TestImages.pixels(900, 700, 6),
                TriangleFilter.of(Interval.whole(0, 900, 9), 0, 900),
                TriangleFilter.of(Interval.whole(0, 700, 300), 0, 700),
                9,
                300);
        assertThat(resample(pixels, horizontal, vertical, 20, 20)).isEqualTo(first);
    }

    /** Each value times 2 plus 1, to see scale and shift. */
    private static float[] resample(
            ImageData.Pixels pixels, TriangleFilter horizontal, TriangleFilter vertical, int width, int height) {
        float[] scale = new float[width * 3];
        float[] shift = new float[width * 3];
        Arrays.fill(scale, 2);
        Arrays.fill(shift, 1);
        FloatBuffer out = FloatBuffer.allocate(width * height * 3);
        try (PixelSource source = ImageCodec.open(pixels)) {
            Resampler.ofThread().resample(source, horizontal, vertical, scale, shift, out);
        }
        assertThat(out.hasRemaining()).isFalse();
        return out.array();
    }
}
