package dev.lockstep.image.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.codec.TestImages;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PhotographTransformTest {
    private static final Normalization BYTES =
            new Normalization(List.of(0.0, 0.0, 0.0), List.of(1 / 255.0, 1 / 255.0, 1 / 255.0));

    @Test
    void evaluation_usesNoRandomness() {
        PhotographTransform transform = PhotographTransform.evaluation(32, BYTES);
        ImageData image = new ImageData.Encoded("x", TestImages.jpeg(100, 60, 1));

        assertThat(transform.shape()).isEqualTo(new ImageShape(3, 32, 32));
        assertThat(apply(transform, image, 1)).isEqualTo(apply(transform, image, 2));
    }

    @Test
    void evaluation_ofAnImageOfTheResizedSize_isItsCenter() {
        ImageData.Pixels image = TestImages.pixels(300, 256, 3);
        float[] seen = apply(PhotographTransform.evaluation(224, BYTES), image, 1);
        for (int y = 0; y < 224; y += 31) {
            for (int x = 0; x < 224; x += 31) {
                int from = ((y + 16) * 300 + x + 38) * 3;
                assertThat(seen[(y * 224 + x) * 3]).isCloseTo(image.values()[from] & 0xFF, within(1e-3f));
            }
        }
    }

    @Test
    void training_isAFunctionOfTheKeyAndDiffersBetweenKeys() {
        PhotographTransform transform = PhotographTransform.training(32, true, true, BYTES);
        ImageData image = new ImageData.Encoded("x", TestImages.jpeg(100, 60, 1));
        Set<Integer> different = new HashSet<>();
        for (int key = 0; key < 20; key++) {
            float[] seen = apply(transform, image, key);
            assertThat(apply(transform, image, key)).isEqualTo(seen);
            different.add(Arrays.hashCode(seen));
        }
        assertThat(different).hasSize(20);
    }

    @Test
    void training_onManyThreads_givesTheSamePixels() {
        PhotographTransform transform = PhotographTransform.training(32, true, true, BYTES);
        List<ImageData> images = IntStream.range(0, 24)
                .<ImageData>mapToObj(i -> new ImageData.Encoded("x", TestImages.jpeg(60 + 20 * i, 200 + i, i)))
                .toList();
        List<Integer> alone = IntStream.range(0, 24)
                .mapToObj(i -> Arrays.hashCode(apply(transform, images.get(i), i)))
                .toList();
        List<Integer> together = IntStream.range(0, 24)
                .parallel()
                .mapToObj(i -> Arrays.hashCode(apply(transform, images.get(i), i)))
                .toList();
        assertThat(together).isEqualTo(alone);
    }

    /** A crop many times larger than needed is decoded at a reduced size; the result must stay close. */
    @Test
    void apply_reducedDecoding_staysCloseToTheWhole() {
        ImageData.Pixels pixels = TestImages.pixels(700, 640, 9);
        ImageData.Encoded file = new ImageData.Encoded("x", TestImages.jpeg(700, 640, 9));
        for (PhotographTransform transform : List.of(
                PhotographTransform.evaluation(16, BYTES), PhotographTransform.training(16, false, false, BYTES))) {
            for (int key = 0; key < 5; key++) {
                float[] whole = apply(transform, pixels, key);
                float[] reduced = apply(transform, file, key);
                double sum = 0;
                for (int i = 0; i < whole.length; i++) {
                    sum += Math.abs(whole[i] - reduced[i]);
                }
                assertThat(sum / whole.length).isLessThan(1);
            }
        }
    }

    @Test
    void training_keepsTheMeanColorOfAPlainImage() {
        byte[] plain = new byte[50 * 40 * 3];
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) new int[] {200, 100, 50}[i % 3];
        }
        float[] seen = apply(
                PhotographTransform.training(24, false, false, Normalization.IMAGENET),
                new ImageData.Pixels(40, 50, 3, plain),
                3);
        for (int i = 0; i < seen.length; i++) {
            assertThat(seen[i])
                    .isCloseTo(Normalization.IMAGENET.apply(i % 3, new int[] {200, 100, 50}[i % 3]), within(1e-4f));
        }
    }

    @Test
    void apply_badImage_namesIt() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> apply(
                        PhotographTransform.evaluation(32, BYTES), new ImageData.Encoded("bad.jpg", new byte[9]), 1))
                .withMessageContaining("bad.jpg");
    }

    @Test
    void jitter_plainGray_changesBrightnessAlone() {
        float[] gray = new float[300];
        Arrays.fill(gray, 100);
        Set<Float> seen = new HashSet<>();
        for (int key = 0; key < 50; key++) {
            float[] pixels = gray.clone();
            pixels = jittered(false, pixels, key);
            for (float value : pixels) {
                assertThat(value).isCloseTo(pixels[0], within(1e-3f)).isBetween(60f - 1e-3f, 140f + 1e-3f);
            }
            seen.add(pixels[0]);
        }
        assertThat(seen).hasSizeGreaterThan(40);
    }

    /** The definition, one change of the whole image after another; rows may have any length. */
    @Test
    void jitter_isOneChangeAfterAnother_toTheBit() {
        for (int key = 0; key < 60; key++) {
            float[] image = new float[270];
            KeyedRandom values = KeyedRandom.of(key, 1);
            for (int i = 0; i < image.length; i++) {
                image[i] = (float) values.nextDouble(0, 255);
            }
            assertThat(jittered(true, image, key)).isEqualTo(definition(image.clone(), KeyedRandom.of(key)));
        }
    }

    private static float[] definition(float[] pixels, KeyedRandom random) {
        List<String> order = new ArrayList<>(List.of("brightness", "contrast", "saturation"));
        Collections.swap(order, 2, random.nextInt(3));
        Collections.swap(order, 1, random.nextInt(2));
        for (String change : order) {
            float factor = (float) random.nextDouble(0.6, 1.4);
            double grays = 0;
            for (int i = 0; i < pixels.length; i += 3) {
                grays += gray(pixels, i);
            }
            float mean = (float) (grays / (pixels.length / 3));
            for (int i = 0; i < pixels.length; i += 3) {
                float target = switch (change) {
                    case "contrast" -> mean;
                    case "saturation" -> gray(pixels, i);
                    default -> 0;
                };
                for (int channel = 0; channel < 3; channel++) {
                    pixels[i + channel] = factor * pixels[i + channel] + (1 - factor) * target;
                }
            }
        }
        double[][] vectors = {{-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}};
        double[] alpha = new double[3];
        for (int i = 0; i < 3; i++) {
            alpha[i] = 0.1 * random.nextGaussian() * new double[] {0.2175, 0.0188, 0.0045}[i] * 255;
        }
        for (int i = 0; i < pixels.length; i++) {
            double[] vector = vectors[i % 3];
            pixels[i] += (float) (vector[0] * alpha[0] + vector[1] * alpha[1] + vector[2] * alpha[2]);
        }
        return pixels;
    }

    private static float gray(float[] pixels, int i) {
        return 0.299f * pixels[i] + 0.587f * pixels[i + 1] + 0.114f * pixels[i + 2];
    }

    @Test
    void jitter_lighting_shiftsEachChannelByOneNumber() {
        float[] pixels = new float[300];
        for (int i = 0; i < 300; i++) {
            pixels[i] = i;
        }
        float[] plain = pixels.clone();
        float[] lit = pixels.clone();
        plain = jittered(false, plain, 4);
        lit = jittered(true, lit, 4);
        for (int channel = 0; channel < 3; channel++) {
            float shift = lit[channel] - plain[channel];
            assertThat(Math.abs(shift)).isBetween(0.001f, 20f);
            for (int i = channel; i < 300; i += 3) {
                assertThat(lit[i] - plain[i]).isCloseTo(shift, within(1e-3f));
            }
        }
    }

    private static float[] jittered(boolean lighting, float[] pixels, long key) {
        FloatBuffer rows = FloatBuffer.allocate(pixels.length);
        new ColorJitter(lighting).apply(pixels.clone(), 30, KeyedRandom.of(key), rows::put);
        return rows.array();
    }

    private static float[] apply(PhotographTransform transform, ImageData image, long key) {
        FloatBuffer out = FloatBuffer.allocate(transform.shape().floats());
        transform.apply(image, KeyedRandom.of(key), out);
        assertThat(out.hasRemaining()).isFalse();
        return out.array();
    }
}
