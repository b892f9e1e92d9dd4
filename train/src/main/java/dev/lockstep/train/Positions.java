package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;

/**
 * How far the processes of a group have come at its start. When a group ends in the middle of a message, some processes may
 * have finished a step or an evaluation that others have not.
 *
 * @param most the last position that a process has; see {@link Trainer#position}
 * @param source the first process that has it
 * @param agree whether all have it
 * @param settled the first position after which a process has something left to do
 */
record Positions(long most, int source, boolean agree, long settled) {
    /** The position of a process that has just started. */
    static final long NOT_STARTED = -1;

    /** Every process must call it. */
    static Positions gather(Collective collective, long position, long settled) {
        byte[] mine = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(position)
                .putLong(settled)
                .array();
        List<ByteBuffer> all =
                collective.allGather(mine).stream().map(ByteBuffer::wrap).toList();
        List<Long> positions = all.stream().map(bytes -> bytes.getLong(0)).toList();
        long most = Collections.max(positions);
        long settledByAll = all.stream()
                .filter(bytes -> bytes.getLong(0) != NOT_STARTED)
                .mapToLong(bytes -> bytes.getLong(Long.BYTES))
                .min()
                .orElse(NOT_STARTED);
        return new Positions(
                most, positions.indexOf(most), positions.stream().allMatch(one -> one == most), settledByAll);
    }

    /** Whether a run is under way, which a process that has just started joins. */
    boolean isRunning() {
        return most != NOT_STARTED;
    }
}
