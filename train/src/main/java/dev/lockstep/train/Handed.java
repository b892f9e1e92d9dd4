package dev.lockstep.train;

import dev.lockstep.torch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * A tensor that passes from one thread to another.
 *
 * @param ready when its giver was done with it: its taker takes this over first
 */
record Handed(Tensor tensor, Device.Moment ready) {
    /** To be called by the thread that takes the tensor. */
    Tensor take(Device device) {
        device.takeOver(ready);
        return tensor;
    }
}
