package dev.lockstep.torch;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What the network sees for each byte of a channel. A table rather than arithmetic, because devices divide differently, and
 * the numbers must not depend on the device.
 */
public final class PixelTable {
    private static final int BYTES = 256;

    private final float[] values;
    private final int channels;
    /** One copy for each device. */
    private final Map<Device, OnDevice> copies = new ConcurrentHashMap<>();

    /**
     * @param values all values of channel 0, then of channel 1, …: 256 each
     * @param offsets where each channel begins; int32
     */
    private record OnDevice(Tensor values, Tensor offsets) {}

    /** @param tables by channel and byte value */
    public PixelTable(float[][] tables) {
        this.channels = tables.length;
        this.values = new float[channels * BYTES];
        for (int channel = 0; channel < channels; channel++) {
            if (tables[channel].length != BYTES) {
                throw new IllegalArgumentException(
                        "values = " + tables[channel].length + ", channel = " + channel + ": must be " + BYTES);
            }
            System.arraycopy(tables[channel], 0, values, channel * BYTES, BYTES);
        }
    }

    /**
     * A batch of images as the network sees it.
     *
     * @param bytes n × height × width × channels, uint8, on the device
     * @return n × channels × height × width, float32, channels last in memory
     */
    public Tensor look(Tensor bytes, long n, long channels, long height, long width, Device device) {
        if (channels != this.channels) {
            throw new IllegalArgumentException("channels = " + channels + ", of the table = " + this.channels);
        }
        OnDevice table = copies.computeIfAbsent(device, this::copy);
        try (StepScope scope = new StepScope()) {
            Tensor indices = bytes.to(ScalarType.Int)
                    .view(n * height * width, channels)
                    .add_(table.offsets)
                    .flatten();
            return scope.give(table.values
                    .index_select(0, indices)
                    .view(n, height, width, channels)
                    .permute(0, 3, 1, 2));
        }
    }

    private OnDevice copy(Device device) {
        try (StepScope scope = new StepScope()) {
            Tensor onDevice = device.zeros(values.length);
            Tensors.assign(onDevice, values);
            Tensor offsets = torch.arange(new Scalar(channels), onDevice.options())
                    .mul_(new Scalar(BYTES))
                    .to(ScalarType.Int);
            OnDevice made = new OnDevice(StepScope.keep(onDevice), StepScope.keep(offsets));
            // Other threads use it without taking over.
            device.settle();
            return made;
        }
    }
}
