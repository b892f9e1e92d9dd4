package dev.lockstep.image.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class FittedTransformTest {
    /** Pixel value v comes out as v / 255. */
    private static SmallImageTransform plain(ImageShape shape) {
        Normalization none = new Normalization(
                Collections.nCopies(shape.channels(), 0.0), Collections.nCopies(shape.channels(), 1.0));
        return new SmallImageTransform(shape, shape, none, false);
    }

    private static float[] apply(ImageShape shape, ImageData image) {
        FloatBuffer out = FloatBuffer.allocate(shape.floats());
        new FittedTransform(shape, plain(shape)).apply(image, KeyedRandom.of(1), out);
        assertThat(out.hasRemaining()).isFalse();
        return out.array();
    }

    private static ImageData.Pixels gradient(int height, int width) {
        byte[] values = new byte[height * width * 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (i * 37);
        }
        return new ImageData.Pixels(height, width, 3, values);
    }

    @Test
    void fileOfTheDatasetsSize_isNeitherCroppedNorResized() {
        ImageShape shape = new ImageShape(3, 9, 11);
        ImageData.Pixels pixels = gradient(9, 11);
        float[] fitted = apply(shape, new ImageData.Encoded("x.png", ImageCodec.encodePng(pixels)));
        for (int i = 0; i < fitted.length; i++) {
            assertThat(fitted[i]).isCloseTo((pixels.values()[i] & 0xFF) / 255f, within(1e-6f));
        }
    }

    @Test
    void colors_becomeLuminanceWhereTheDatasetIsGrayscale() {
        byte[] values = new byte[8 * 8 * 3];
        for (int i = 0; i < values.length; i += 3) {
            values[i] = (byte) 200;
            values[i + 1] = 100;
            values[i + 2] = 50;
        }
        float[] gray = apply(new ImageShape(1, 8, 8), new ImageData.Pixels(8, 8, 3, values));
        // Pillow: Image.new("RGB", (8, 8), (200, 100, 50)).convert("L").getpixel((0, 0)) == 124
        assertThat(gray).hasSize(64).containsOnly(124 / 255f);
    }

    @Test
    void wideImage_givesItsMiddle() {
        int width = 90;
        byte[] values = new byte[30 * width * 3];
        for (int i = 0; i < values.length; i++) {
            int x = i / 3 % width;
            values[i] = (byte) (x >= 30 && x < 60 ? 255 : 0);
        }
        float[] middle = apply(new ImageShape(1, 10, 10), new ImageData.Pixels(30, width, 3, values));
        for (int y = 0; y < 10; y++) {
            for (int x = 1; x < 9; x++) {
                assertThat(middle[10 * y + x]).as("%d, %d", x, y).isEqualTo(1);
            }
        }
    }

    @Test
    void smallImage_isEnlarged() {
        float[] large = apply(new ImageShape(3, 32, 32), gradient(8, 8));
        assertThat(large[0]).isEqualTo(0);
        assertThat(List.of(large[3 * 32 * 32 - 1]))
                .containsExactly((gradient(8, 8).values()[8 * 8 * 3 - 1] & 0xFF) / 255f);
    }

    @Test
    void unreadableFile_isNamed() {
        assertThatThrownBy(() -> apply(new ImageShape(3, 8, 8), new ImageData.Encoded("a.jpg", new byte[] {1, 2, 3})))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("image = a.jpg");
    }
}
