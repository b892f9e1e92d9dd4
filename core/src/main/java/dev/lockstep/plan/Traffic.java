package dev.lockstep.plan;

import dev.lockstep.network.NetworkShape;
import dev.lockstep.topology.Topology;

/**
 * The data sent between processes in one step. Halving/doubling and the ring both move 2 (P−1)/P · b bytes out of every
 * process, where b is the size of a gradient buffer (paper, section 4); a process with several partial sums sends more, see
 * {@link Topology#traffic}.
 *
 * @param contributionBytes b: gradients, batch-norm statistics, loss and counts, in float32
 * @param sentBytesPerProcess in a step, by the process that sends most
 */
public record Traffic(long contributionBytes, long sentBytesPerProcess) {
    /** Loss and counts follow the gradients. */
    private static final int TAIL_FLOATS = 16;

    static Traffic of(NetworkShape shape, Topology topology) {
        long bytes = contributionBytes(shape);
        return new Traffic(bytes, Math.round(topology.traffic() * bytes));
    }

    static long contributionBytes(NetworkShape shape) {
        return Float.BYTES * (shape.parameters() + shape.batchNormStatistics() + TAIL_FLOATS);
    }
}
