package dev.lockstep.train;

import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.PixelTable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Tensor;

/**
 * A batch on the device that computes it; valid until the {@link HostBatch} is closed.
 *
 * @param images n × channels × height × width, channels last in memory
 * @param labels n classes
 */
record DeviceBatch(Tensor images, Tensor labels) {
    /** As many as a program has datasets. */
    private static final Map<Normalization, PixelTable> TABLES = new ConcurrentHashMap<>();

    static DeviceBatch of(Device device, HostBatch batch) {
        return new DeviceBatch(
                batch.bytes().map(bytes -> images(device, batch, bytes)).orElseGet(() -> images(device, batch)),
                device.labels(batch.labels()));
    }

    private static Tensor images(Device device, HostBatch batch) {
        ImageShape shape = batch.shape();
        return device.images(batch.pixels(), batch.size(), shape.channels(), shape.height(), shape.width());
    }

    private static Tensor images(Device device, HostBatch batch, HostBatch.Bytes bytes) {
        ImageShape shape = batch.shape();
        PixelTable table =
                TABLES.computeIfAbsent(bytes.normalization(), normalization -> new PixelTable(normalization.tables()));
        return device.images(bytes.values(), batch.size(), shape.channels(), shape.height(), shape.width(), table);
    }

    /** Images [from, from + length) with their labels. */
    DeviceBatch part(long from, long length) {
        return new DeviceBatch(images.narrow(0, from, length), labels.narrow(0, from, length));
    }
}
