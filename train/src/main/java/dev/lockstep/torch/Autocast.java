package dev.lockstep.torch;

import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Lets libtorch choose 16-bit numbers for the operations that gain from them, in the calling thread. Backward follows what
 * forward did. The copies of the weights are made once for each forward.
 */
public final class Autocast implements Device.Casting {
    private final DeviceType type;
    private final boolean before;
    private final ScalarType numbers;

    private Autocast(DeviceType type) {
        this.type = type;
        this.before = torch.is_autocast_enabled(type);
        this.numbers = torch.get_autocast_dtype(type);
    }

    /** Operations on tensors of this type of device use bf16. */
    public static Autocast bf16(DeviceType type) {
        Autocast made = new Autocast(type);
        torch.set_autocast_enabled(type, true);
        torch.set_autocast_dtype(type, ScalarType.BFloat16);
        torch.increment_nesting();
        return made;
    }

    @Override
    public void close() {
        if (torch.decrement_nesting() == 0) {
            torch.clear_cache();
        }
        torch.set_autocast_dtype(type, numbers);
        torch.set_autocast_enabled(type, before);
    }
}
