package dev.lockstep.onednn;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Values that the backward pass computes again from what it keeps anyway. The output of a batch norm follows from its
 * input, mean and variance in one pass over memory; the sum of two values from both.
 */
final class Again {
    /**
     * Sums that are computed again one from the other. All of them are needed at once, for the backward pass goes the other way: a
     * longer chain would take more memory than it saves.
     */
    private static final int LONGEST_CHAIN = 4;

    private final Tape tape;
    private final Map<Integer, Way> ways = new HashMap<>();
    private final Map<Integer, Value> made = new HashMap<>();

    /**
     * How a value is computed again.
     *
     * @param sums the length of the chain
     */
    private record Way(int sums, Supplier<Value> compute) {}

    Again(Tape tape) {
        this.tape = tape;
    }

    /** Says how the value of a node follows from that of another. */
    void follows(int node, int from, Supplier<Value> compute) {
        ways.put(node, new Way(sums(from), compute));
    }

    /** Says how the value of a node follows from two others, unless one of them would be kept for this alone. */
    void follows(int node, int a, int b, Supplier<Value> compute) {
        int sums = 1 + Math.max(sums(a), sums(b));
        if (sums <= LONGEST_CHAIN && isThere(a) && isThere(b)) {
            ways.put(node, new Way(sums, compute));
        }
    }

    private int sums(int node) {
        Way way = ways.get(node);
        return way == null ? 0 : way.sums;
    }

    private boolean isThere(int node) {
        return ways.containsKey(node) || tape.hasWeightsBehind(node);
    }

    /** A node's value for the backward pass. */
    Value value(int node) {
        Way way = ways.get(node);
        if (way == null) {
            return tape.values[node];
        }
        Value known = made.get(node);
        if (known == null) {
            known = way.compute.get();
            made.put(node, known);
        }
        return known;
    }

    /** Whether the value of a node is one that only {@code taker} reads, and may be overwritten by it. */
    boolean isOnlyFor(int node, int taker) {
        return made.containsKey(node) && tape.takers(node).equals(List.of(taker));
    }
}
