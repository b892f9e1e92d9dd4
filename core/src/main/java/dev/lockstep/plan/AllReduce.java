package dev.lockstep.plan;

/**
 * How a buffer is summed over P processes (paper, section 4). Both ways move 2 (P−1)/P · b bytes out of each process; they
 * differ in the number of messages.
 */
public enum AllReduce {
    /**
     * Recursive halving, then doubling: 2·log₂P messages. If P is not a power of two, it is split into blocks of powers of
     * two (binary blocks): the blocks reduce on their own, then each passes its parts up to the next larger block, and
     * receives the sums.
     */
    HALVING_DOUBLING {
        @Override
        double seconds(double bytes, int processes, Interconnect network) {
            int largest = Integer.highestOneBit(processes);
            double seconds = powerOfTwo(bytes, largest, network);
            int larger = largest;
            for (int rest = processes - largest; rest > 0; rest -= larger) {
                int block = Integer.highestOneBit(rest);
                // A part of the smaller block belongs to larger/block processes of the larger one.
                seconds += 2 * network.seconds((double) larger / block, bytes / block);
                larger = block;
            }
            return seconds;
        }

        private double powerOfTwo(double bytes, int processes, Interconnect network) {
            int steps = Integer.numberOfTrailingZeros(processes);
            return network.seconds(2 * steps, 2 * (processes - 1.0) / processes * bytes);
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
