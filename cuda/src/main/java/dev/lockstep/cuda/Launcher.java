package dev.lockstep.cuda;

/** Starts kernels, each in blocks of {@value FusedNorm#THREADS} threads. */
@FunctionalInterface
interface Launcher {
    /**
     * Asks for one.
     *
     * @param kernel its name in the source
     * @param blocksX how many blocks, in the first direction
     * @param blocksY and in the second
     * @param job the fields of its argument, in their order
     */
    void launch(String kernel, int blocksX, int blocksY, long[] job);
}
