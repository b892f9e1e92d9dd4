package dev.lockstep.collective;

import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import org.bytedeco.pytorch.ProcessGroupGloo;

/** Checks for {@code lockstep doctor} whether Gloo can listen at an address, without joining a group. */
public final class GlooProbe {
    private GlooProbe() {}

    /**
     * Opens a device and releases it.
     *
     * @param host a host name or an address of this machine
     * @return the reason why it cannot be used, in one line; empty when it can
     */
    public static String host(String host) {
        return failure(() -> ProcessGroupGloo.createDeviceForHostname(host));
    }

    /**
     * Like {@link #host}, for the name of a network interface.
     *
     * @param name such as {@code eth0}
     */
    public static String networkInterface(String name) {
        return failure(() -> ProcessGroupGloo.createDeviceForInterface(name));
    }

    private static String failure(Runnable opening) {
        TorchRuntime.load();
        try (StepScope scope = new StepScope()) {
            opening.run();
            return "";
        } catch (RuntimeException e) {
            return TorchRuntime.firstLine(e);
        }
    }
}
