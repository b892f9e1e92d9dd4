package dev.lockstep.cuda;

import dev.lockstep.torch.LibraryVersion;

/** Versions of NVIDIA's libraries, as their functions count them. */
final class Versions {
    private Versions() {}

    /** CUDA's own, as people write it: 13.3 for 13030. */
    static String cuda(long number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    /** Those of cuDNN and NCCL: 9.25.0 for 92500. */
    static String text(long number) {
        return number / 10_000 + "." + number % 10_000 / 100 + "." + number % 100;
    }

    static LibraryVersion cuda(long compiled, long loaded) {
        return new LibraryVersion(
                "CUDA", cuda(compiled), cuda(loaded), problem(compiled / 1000, loaded / 1000, compiled, loaded));
    }

    static LibraryVersion of(String name, long compiled, long loaded) {
        return new LibraryVersion(
                name,
                text(compiled),
                text(loaded),
                problem(compiled / 10_000, loaded / 10_000, compiled / 100, loaded / 100));
    }

    /** Libraries keep what their earlier minor versions had; libtorch may call what is new in that with which it was compiled. */
    private static String problem(long majorCompiled, long majorLoaded, long compiled, long loaded) {
        if (majorCompiled != majorLoaded) {
            return "another major version";
        }
        return loaded < compiled ? "older, functions may be missing" : "";
    }
}
