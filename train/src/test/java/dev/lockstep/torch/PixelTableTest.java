package dev.lockstep.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PixelTableTest {
    private static final int CHANNELS = 3;

    @BeforeAll
    static void load() {
        TorchRuntime.load();
    }

    private static float[][] tables() {
        float[][] tables = new float[CHANNELS][256];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int value = 0; value < 256; value++) {
                tables[channel][value] = (float) ((value / 255.0 - 0.1 * channel) / 0.3);
            }
        }
        return tables;
    }

    @Test
    void bytes_becomeWhatTheTableHas() {
        int images = 2;
        int height = 16;
        int width = 24;
        ByteBuffer pixels = ByteBuffer.allocateDirect(images * height * width * CHANNELS);
        for (int i = 0; i < pixels.capacity(); i++) {
            pixels.put(i, (byte) (i * 7));
        }
        float[][] tables = tables();
        try (StepScope scope = new StepScope()) {
            Tensor seen = Device.cpu().images(pixels, images, CHANNELS, height, width, new PixelTable(tables));
            assertThat(seen.shape()).containsExactly(images, CHANNELS, height, width);
            assertThat(seen.is_contiguous(org.bytedeco.pytorch.global.torch.MemoryFormat.ChannelsLast))
                    .isTrue();
            float[] values = Tensors.toArray(seen);
            int at = 0;
            for (int image = 0; image < images; image++) {
                for (int channel = 0; channel < CHANNELS; channel++) {
                    for (int place = 0; place < height * width; place++) {
                        int value = pixels.get((image * height * width + place) * CHANNELS + channel) & 0xFF;
                        assertThat(values[at++]).isEqualTo(tables[channel][value]);
                    }
                }
            }
        }
    }

    @Test
    void channels_mustFit() {
        ByteBuffer pixels = ByteBuffer.allocateDirect(4);
        assertThatThrownBy(() -> Device.cpu().images(pixels, 1, 1, 2, 2, new PixelTable(tables())))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
