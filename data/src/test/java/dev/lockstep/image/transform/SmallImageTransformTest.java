package dev.lockstep.image.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class SmallImageTransformTest {
    /** Only divides by 255. */
    private static final Normalization PLAIN = new Normalization(List.of(0.0), List.of(1 / 255.0));

    private static final Normalization COLOR = new Normalization(List.of(0.5, 0.25, 0.125), List.of(0.5, 0.25, 0.2));

    @Test
    void apply_withoutAugmentation_normalizesEveryChannel() {
        ImageShape shape = new ImageShape(3, 1, 2);
        float[] seen = apply(new SmallImageTransform(shape, shape, COLOR, false), shape, 0, new byte[] {
            0, 51, 102, (byte) 255, (byte) 204, (byte) 153
        });

        assertThat(seen)
                .containsExactly(
                        new float[] {-1, -0.2f, (0.4f - 0.125f) / 0.2f, 1, (0.8f - 0.25f) / 0.25f, 2.375f},
                        within(1e-6f));
    }

    @Test
    void apply_writesAtThePositionAndAdvancesIt() {
        ImageShape shape = new ImageShape(1, 1, 2);
        FloatBuffer out = FloatBuffer.allocate(6).position(2);
        new SmallImageTransform(shape, shape, PLAIN, false)
                .apply(new ImageData.Pixels(1, 2, 1, new byte[] {3, 4}), KeyedRandom.of(1), out);

        assertThat(out.position()).isEqualTo(4);
        assertThat(out.array()).containsExactly(0, 0, 3, 4, 0, 0);
    }

    @Test
    void apply_halfTheSize_isTheMeanOfFourPixels() {
        ImageShape shape = new ImageShape(1, 4, 4);
        byte[] values = new byte[16];
        for (int i = 0; i < 16; i++) {
            values[i] = (byte) (10 * i);
        }
        float[] seen = apply(new SmallImageTransform(shape, new ImageShape(1, 2, 2), PLAIN, false), shape, 0, values);

        assertThat(seen).containsExactly(25, 45, 105, 125);
    }

    @Test
    void apply_threeToTwo_weighsThePixelBetweenByHalf() {
        ImageShape shape = new ImageShape(1, 1, 3);
        float[] seen = apply(
                new SmallImageTransform(shape, new ImageShape(1, 1, 2), PLAIN, false), shape, 0, new byte[] {30, 60, 90
                });

        assertThat(seen).containsExactly(new float[] {40, 80}, within(1e-5f));
    }

    @Property(tries = 50)
    void apply_reduced_keepsTheMean(
            @ForAll @IntRange(min = 1, max = 33) int side, @ForAll @IntRange(min = 1, max = 33) int wanted) {
        int size = Math.min(side, wanted);
        ImageShape shape = new ImageShape(1, side, side);
        byte[] values = new byte[side * side];
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (i * 89);
            sum += values[i] & 0xFF;
        }
        float[] seen =
                apply(new SmallImageTransform(shape, new ImageShape(1, size, size), PLAIN, false), shape, 0, values);
        double seenSum = 0;
        for (float value : seen) {
            seenSum += value;
        }
        assertThat(seenSum / seen.length).isCloseTo(sum / values.length, within(1e-3));
    }

    @Property(tries = 100)
    void apply_augmented_isACropOfThePaddedImagePossiblyMirrored(@ForAll long key) {
        ImageShape shape = new ImageShape(1, 6, 5);
        byte[] values = new byte[30];
        for (int i = 0; i < 30; i++) {
            values[i] = (byte) (i + 1);
        }
        KeyedRandom draws = KeyedRandom.of(key);
        int down = draws.nextInt(9) - 4;
        int right = draws.nextInt(9) - 4;
        boolean flip = draws.nextBoolean();

        float[] seen = apply(new SmallImageTransform(shape, shape, PLAIN, true), shape, key, values);

        for (int y = 0; y < 6; y++) {
            for (int x = 0; x < 5; x++) {
                int fromY = y + down;
                int fromX = (flip ? 4 - x : x) + right;
                boolean inside = fromY >= 0 && fromY < 6 && fromX >= 0 && fromX < 5;
                assertThat(seen[y * 5 + x]).isEqualTo(inside ? values[fromY * 5 + fromX] : 0);
            }
        }
    }

    @Test
    void apply_augmented_paddingIsBlackBeforeNormalization() {
        ImageShape shape = new ImageShape(1, 4, 4);
        Normalization shifted = new Normalization(List.of(0.5), List.of(0.5));
        byte[] white = new byte[16];
        java.util.Arrays.fill(white, (byte) 255);
        Set<Float> seen = new HashSet<>();
        for (int key = 0; key < 100; key++) {
            for (float value : apply(new SmallImageTransform(shape, shape, shifted, true), shape, key, white)) {
                seen.add(value);
            }
        }
        assertThat(seen).containsExactlyInAnyOrder(-1f, 1f);
    }

    @Test
    void apply_augmented_usesEveryPlaceAndBothDirections() {
        ImageShape shape = new ImageShape(3, 9, 9);
        byte[] values = new byte[243];
        for (int i = 0; i < 243; i++) {
            values[i] = (byte) i;
        }
        Set<List<Float>> different = new HashSet<>();
        for (int key = 0; key < 3000; key++) {
            float[] seen = apply(new SmallImageTransform(shape, shape, COLOR, true), shape, key, values);
            different.add(java.util.stream.IntStream.range(0, seen.length)
                    .mapToObj(i -> seen[i])
                    .toList());
        }
        assertThat(different).hasSize(9 * 9 * 2);
    }

    @Test
    void apply_otherShape_isRefused() {
        ImageShape shape = new ImageShape(1, 2, 2);
        SmallImageTransform transform = new SmallImageTransform(shape, shape, PLAIN, false);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> transform.apply(
                        new ImageData.Pixels(4, 1, 1, new byte[4]), KeyedRandom.of(1), FloatBuffer.allocate(4)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SmallImageTransform(shape, new ImageShape(1, 3, 3), PLAIN, false));
        assertThatIllegalArgumentException().isThrownBy(() -> new SmallImageTransform(shape, shape, COLOR, false));
    }

    private static float[] apply(SmallImageTransform transform, ImageShape shape, long key, byte[] values) {
        FloatBuffer out = FloatBuffer.allocate(transform.shape().floats());
        ImageData image = new ImageData.Pixels(shape.height(), shape.width(), shape.channels(), values);
        transform.apply(image, KeyedRandom.of(key), out);
        return out.array();
    }
}
