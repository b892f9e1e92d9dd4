package dev.lockstep.torch;

import dev.lockstep.errors.LockstepException;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The device that an option names: {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}. */
public final class Devices {
    /** The option's value where it is not given. */
    public static final String VARIABLE = "LOCKSTEP_DEVICE";

    private static final String AUTO = "auto";
    private static final String CPU = "cpu";
    private static final Pattern CARD = Pattern.compile("([a-z]+)(?::([0-9]{1,3}))?");
    private static final String CUDA = "cuda";

    private Devices() {}

    /**
     * A device and how it was found.
     *
     * @param why one line for the user, if the choice was not the user's
     */
    public record Choice(Device device, Optional<String> why) {}

    /**
     * Checks a name without loading anything.
     *
     * @throws LockstepException of kind RECIPE when there is no such device
     */
    public static void check(String name) {
        Matcher card = CARD.matcher(name);
        if (!name.equals(AUTO)
                && !name.equals(CPU)
                && !(card.matches() && card.group(1).equals(CUDA))) {
            throw LockstepException.recipe("--device = " + name, "no such device", "use auto, cpu, cuda or cuda:N");
        }
    }

    /**
     * Finds the device for this process. Never another one than was asked for: only {@code auto} may take the CPU.
     *
     * @param localRank the number of this process among those of its group on this machine
     * @throws LockstepException of kind RECIPE saying why the device cannot be used and what to do
     */
    public static Choice choose(String name, int localRank) {
        check(name);
        return choose(name, localRank, provider());
    }

    /**
     * Checks, before processes are started or join each other, that a card that is asked for can be there. Loads nothing.
     *
     * @throws LockstepException of kind RECIPE saying what is missing
     */
    public static void require(String name) {
        check(name);
        if (!name.equals(AUTO) && !name.equals(CPU)) {
            provider(name, provider()).missing(name).ifPresent(missing -> {
                throw missing;
            });
        }
    }

    private static DeviceProvider provider(String name, Optional<DeviceProvider> found) {
        return found.orElseThrow(() -> LockstepException.recipe(
                "lockstep-cuda is not on the class path",
                "--device = " + name,
                "start with the launcher after 'lockstep gpu-setup', or use --device cpu"));
    }

    static Choice choose(String name, int localRank, Optional<DeviceProvider> provider) {
        if (name.equals(CPU)) {
            return new Choice(Device.cpu(), Optional.empty());
        }
        if (name.equals(AUTO)) {
            return automatic(localRank, provider);
        }
        Matcher card = CARD.matcher(name);
        int index = card.matches() && card.group(2) != null ? Integer.parseInt(card.group(2)) : -1;
        return new Choice(provider(name, provider).open(index, localRank), Optional.empty());
    }

    private static Choice automatic(int localRank, Optional<DeviceProvider> provider) {
        Optional<String> missing = provider.isEmpty()
                ? Optional.of("lockstep-cuda is not on the class path")
                : provider.get().missing(AUTO).map(LockstepException::what);
        if (missing.isPresent()) {
            return new Choice(Device.cpu(), Optional.of("device = cpu, because " + missing.get()));
        }
        Device device = provider.get().open(-1, localRank);
        return new Choice(
                device,
                Optional.of("device = " + device.name() + ", because lockstep-cuda and a card are there: "
                        + device.fingerprint()));
    }

    /** The provider of cards on the class path. */
    public static Optional<DeviceProvider> provider() {
        try {
            return ServiceLoader.load(DeviceProvider.class).stream()
                    .map(ServiceLoader.Provider::get)
                    .filter(provider -> provider.kind().equals(CUDA))
                    .findFirst();
        } catch (ServiceConfigurationError e) {
            throw LockstepException.recipe(
                    "a device on the class path cannot be loaded",
                    String.valueOf(e.getMessage()),
                    "correct or remove META-INF/services/" + DeviceProvider.class.getName() + " in its JAR");
        }
    }
}
