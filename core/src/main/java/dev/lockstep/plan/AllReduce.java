package dev.lockstep.plan;

/**
 * How a buffer is summed over P processes (paper, section 4). Both ways move 2 (P−1)/P · b bytes out of each process; they
 * differ in the number of messages.
 */
public enum AllReduce {
    /**
     * Recursive halving, then doubling: 2·log₂P messages. If P is not a power of two, each process sends a segment of its
     * sum to each other process, which adds and returns it: 2(P−1) messages. More data moves then if the processes have
     * several partial sums, see {@link dev.lockstep.topology.Topology#traffic}; this model assumes one.
     */
    HALVING_DOUBLING {
        @Override
        double seconds(double bytes, int processes, Interconnect network) {
            boolean power = Integer.bitCount(processes) == 1;
            int messages = power ? 2 * Integer.numberOfTrailingZeros(processes) : 2 * (processes - 1);
            return network.seconds(messages, 2 * (processes - 1.0) / processes * bytes);
        }
    },
    /** Every process sends P−1 parts around the ring twice: 2(P−1) messages. */
    RING {
        @Override
        double seconds(double bytes, int processes, Interconnect network) {
            return network.seconds(2 * (processes - 1.0), 2 * (processes - 1.0) / processes * bytes);
        }
    };

    abstract double seconds(double bytes, int processes, Interconnect network);
}
