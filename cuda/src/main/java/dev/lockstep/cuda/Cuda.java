package dev.lockstep.cuda;

import org.bytedeco.cuda.global.cudart;

/** Results of CUDA's own functions. */
final class Cuda {
    private Cuda() {}

    /** @param code what the function returned */
    static void check(int code, String function) {
        if (code != cudart.cudaSuccess) {
            throw new IllegalStateException(
                    function + ": " + cudart.cudaGetErrorString(code).getString() + " (" + code + ")");
        }
    }

    /** As people write it: 13.3 for 13030. */
    static String version(long number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    /** cuDNN counts otherwise: 9.25.0 for 92500. */
    static String cudnnVersion(long number) {
        return number / 10_000 + "." + number % 10_000 / 100 + "." + number % 100;
    }
}
