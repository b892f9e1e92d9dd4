package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.topology.Pace;
import dev.lockstep.topology.Topology;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Measures how long this process computes in each step, and compares it with the other processes now and then. All decide
 * by the same numbers, so all decide the same.
 */
final class WorkerMoves {
    /** Steps between decisions. */
    static final int STEPS = 50;

    private final Collective collective;
    private final int lanes;
    private final List<Double> seconds = new ArrayList<>();

    WorkerMoves(Collective collective, int lanes) {
        this.collective = collective;
        this.lanes = lanes;
    }

    /** The time in which this process computed its workers in one more step. */
    void measured(double computeSeconds) {
        seconds.add(computeSeconds);
        if (seconds.size() > STEPS) {
            seconds.remove(0);
        }
    }

    /**
     * The division for the next step. Every process must call it after every step.
     *
     * @param now the division of the steps measured since the last decision
     */
    Topology after(Topology now) {
        if (seconds.size() < STEPS || collective.size() == 1) {
            return now;
        }
        Collections.sort(seconds);
        byte[] mine = ByteBuffer.allocate(Double.BYTES + Integer.BYTES)
                .putDouble(seconds.get(STEPS / 2))
                .putInt(lanes)
                .array();
        seconds.clear();
        List<Pace.Load> loads = collective.allGather(mine).stream()
                .map(ByteBuffer::wrap)
                .map(bytes -> new Pace.Load(bytes.getDouble(), bytes.getInt()))
                .toList();
        return Pace.next(now, loads);
    }
}
