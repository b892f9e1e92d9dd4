package dev.lockstep.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.image.transform.SmallImageTransform;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BytePixelsTest {
    private static final ImageShape SOURCE = new ImageShape(3, 12, 12);
    private static final Normalization NORMALIZATION =
            new Normalization(List.of(0.4, 0.5, 0.6), List.of(0.2, 0.25, 0.3));

    private static ImageData image() {
        byte[] values = new byte[SOURCE.floats()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (i * 5);
        }
        return new ImageData.Pixels(12, 12, 3, values);
    }

    private static float[] seen(ImageTransform transform) {
        FloatBuffer out = FloatBuffer.allocate(transform.shape().floats());
        transform.apply(image(), KeyedRandom.of(KeyedRandom.key("test"), 1, 2, 3), out);
        assertThat(out.hasRemaining()).isFalse();
        return out.array();
    }

    private static SmallImageTransform transform(int side) {
        return new SmallImageTransform(SOURCE, new ImageShape(3, side, side), NORMALIZATION, true);
    }

    @Test
    void imagesOfTheirOwnSize_areTheSame() {
        assertThat(seen(new BytePixels(transform(12)))).isEqualTo(seen(transform(12)));
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 8})
    void reducedImages_areRoundedToAByte(int side) {
        float[] rounded = seen(new BytePixels(transform(side)));
        float[] exact = seen(transform(side));
        assertThat(rounded).isNotEqualTo(exact);
        for (int i = 0; i < exact.length; i++) {
            double half = 0.5 / 255 / NORMALIZATION.deviation().get(i % 3);
            assertThat((double) Math.abs(rounded[i] - exact[i])).isLessThan(half + 1e-5);
        }
    }

    @Test
    void loader_givesBytes() {
        BufferPool.Memory memory = new BufferPool(1).take(SOURCE.floats());
        transform(12).applyBytes(image(), KeyedRandom.of(KeyedRandom.key("test"), 1, 2, 3), memory.bytes());
        memory.bytes().rewind();
        PooledBatch batch = new PooledBatch(
                new BatchRequest(0, 0, 0, new int[1]),
                SOURCE,
                memory,
                java.util.Optional.of(NORMALIZATION),
                new long[1],
                List.of(),
                new HostBatch.Loading(0, 0, 0),
                new BufferPool(1));
        ByteBuffer bytes = batch.bytes().orElseThrow().values();
        float[] exact = seen(transform(12));
        for (int i = 0; i < exact.length; i++) {
            assertThat(NORMALIZATION.apply(i % 3, bytes.get(i) & 0xFF)).isEqualTo(exact[i]);
        }
        assertThatThrownBy(batch::pixels).isInstanceOf(IllegalStateException.class);
        batch.close();
        assertThatThrownBy(batch::bytes).isInstanceOf(IllegalStateException.class);
    }
}
