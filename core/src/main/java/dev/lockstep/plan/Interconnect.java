package dev.lockstep.plan;

/**
 * The network of a process in the α–β model: a message of b bytes takes latency + b / bandwidth.
 *
 * @param bytesPerSecond out of a process and, at the same time, into it
 * @param latencySeconds of a message, software included
 */
public record Interconnect(double bytesPerSecond, double latencySeconds) {
    /**
     * Processes of one machine, through its loopback device: measured with halving/doubling over Gloo on 2 cores (65,536
     * floats between 4 processes in 0.92 ms, 25.6 million in 247 ms).
     */
    public static final Interconnect LOOPBACK = new Interconnect(0.62e9, 70e-6);

    public Interconnect {
        if (!(bytesPerSecond > 0) || !(latencySeconds >= 0)) {
            throw new IllegalArgumentException("bytesPerSecond = " + bytesPerSecond + ", latencySeconds = "
                    + latencySeconds + ": bandwidth must be above 0, latency at least 0");
        }
    }

    double seconds(double messages, double bytes) {
        return messages * latencySeconds + bytes / bytesPerSecond;
    }
}
