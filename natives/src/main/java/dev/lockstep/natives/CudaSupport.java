package dev.lockstep.natives;

import java.util.List;
import java.util.stream.Collectors;

/** The drivers and cards with which libtorch for CUDA works. */
public final class CudaSupport {
    /** The oldest driver for CUDA 13. */
    public static final int LEAST_DRIVER = 580;

    /** The least CUDA that the driver must support: that of the libraries. Drivers run programs of their whole major version. */
    public static final int LEAST_CUDA = 13_000;

    /** libtorch has native code for these and nothing that a driver could translate for others. */
    private static final List<Capability> BUILT_FOR = List.of(
            new Capability(7, 5),
            new Capability(8, 0),
            new Capability(9, 0),
            new Capability(10, 0),
            new Capability(12, 0));

    private CudaSupport() {}

    /** A compute capability, such as 9.0. */
    public record Capability(int major, int minor) {
        /** As in the names of builds, such as {@code sm_90}. */
        public String architecture() {
            return "sm_" + major + minor;
        }

        @Override
        public String toString() {
            return major + "." + minor;
        }

        /** Whether libtorch has code for it. Code runs on later minor versions of its major version. */
        public boolean isSupported() {
            return BUILT_FOR.stream().anyMatch(built -> built.major == major && built.minor <= minor);
        }
    }

    /** Those that libtorch was built for. */
    public static List<Capability> builtFor() {
        return BUILT_FOR;
    }

    /** As the names of builds: {@code sm_75, sm_80, …}. */
    public static String architectures() {
        return BUILT_FOR.stream().map(Capability::architecture).collect(Collectors.joining(", "));
    }
}
