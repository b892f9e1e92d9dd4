package dev.lockstep.collective;

import dev.lockstep.torch.Device;
import dev.lockstep.torch.PeerLink;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The connections between the devices of a group, made at the first sum. Every process decides alike, because all see what all
 * have said; the key travels over the group's own connections, which have proved the group's secret.
 */
final class DeviceLinks {
    private final SocketGroup group;
    private @Nullable Device asked;
    private @Nullable DeviceSums sums;

    DeviceLinks(SocketGroup group) {
        this.group = group;
    }

    /** Empty where tensors travel through host memory. Every process must call it. */
    synchronized Optional<DeviceSums> of(Device device) {
        if (asked != device) {
            asked = device;
            sums = device.link().map(link -> connect(link, device)).orElse(null);
        }
        return Optional.ofNullable(sums);
    }

    private @Nullable DeviceSums connect(PeerLink link, Device device) {
        if (!areDistinct(group.allGather(link.identity().getBytes(StandardCharsets.UTF_8)))) {
            return null;
        }
        byte[] own = group.rank() == 0 ? link.newKey() : new byte[0];
        byte[] key = group.allGather(own).get(0);
        try {
            return DeviceSums.connect(group, device, link.connect(key, group.rank(), group.size()));
        } catch (IllegalStateException e) {
            throw group.fail(CommunicationFailure.of(e, "another device", "while the devices connected"));
        }
    }

    /** Whether each process has a device of its own. */
    static boolean areDistinct(List<byte[]> identities) {
        return new HashSet<>(identities.stream()
                                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                                .toList())
                        .size()
                == identities.size();
    }

    /** @param broken whether an operation may still wait for another process */
    synchronized void close(boolean broken) {
        if (sums != null) {
            sums.close(broken);
            sums = null;
        }
        asked = null;
    }
}
