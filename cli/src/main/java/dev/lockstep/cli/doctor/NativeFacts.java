package dev.lockstep.cli.doctor;

import dev.lockstep.torch.LibraryVersion;
import java.util.List;
import java.util.Objects;

/**
 * What {@link NativeProbe} found.
 *
 * @param cpu the instruction set that libtorch uses
 * @param seconds that loading took
 * @param loopback why Gloo cannot listen at the loopback address; empty if it can
 * @param host why Gloo cannot listen at the host name's address; empty if it can
 * @param libraries for GPUs; empty in a build for CPUs
 */
record NativeFacts(
        String libtorch,
        String javacpp,
        String cpu,
        int threads,
        double seconds,
        String loopback,
        String host,
        List<LibraryVersion> libraries) {
    static final NativeFacts NONE = new NativeFacts("", "", "", 0, 0, "", "", List.of());

    /** A probe may have printed only some of it. */
    NativeFacts {
        libtorch = Objects.requireNonNullElse(libtorch, "");
        javacpp = Objects.requireNonNullElse(javacpp, "");
        cpu = Objects.requireNonNullElse(cpu, "");
        loopback = Objects.requireNonNullElse(loopback, "");
        host = Objects.requireNonNullElse(host, "");
        libraries = libraries == null ? List.of() : List.copyOf(libraries);
    }
}
