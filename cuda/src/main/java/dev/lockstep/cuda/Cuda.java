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

    /** @param code what a function of the driver returned */
    static void checkDriver(int code, String function) {
        if (code != 0) {
            throw new IllegalStateException("CUDA error: " + function + " returned " + code);
        }
    }
}
