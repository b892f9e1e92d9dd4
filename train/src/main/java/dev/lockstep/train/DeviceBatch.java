package dev.lockstep.train;

import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageShape;
import dev.lockstep.torch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * A batch on the device that computes it; valid until the {@link HostBatch} is closed.
 *
 * @param images n × channels × height × width, channels last in memory
 * @param labels n classes
 */
record DeviceBatch(Tensor images, Tensor labels) {
    static DeviceBatch of(Device device, HostBatch batch) {
        ImageShape shape = batch.shape();
        return new DeviceBatch(
                device.images(batch.pixels(), batch.size(), shape.channels(), shape.height(), shape.width()),
                device.labels(batch.labels()));
    }

    /** Images [from, from + length) with their labels. */
    DeviceBatch part(long from, long length) {
        return new DeviceBatch(images.narrow(0, from, length), labels.narrow(0, from, length));
    }
}
