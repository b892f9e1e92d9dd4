package dev.lockstep.collective;

import dev.lockstep.collective.Transfer.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * The messages that one process exchanges, in order, to sum a buffer over all processes in the order of
 * {@link dev.lockstep.topology.ReductionTree}, for {@linkplain dev.lockstep.topology.Topology#isBalanced balanced}
 * divisions: P is a power of two. {@link SegmentExchange} is for all others. Pure arithmetic over ranks and ranges.
 *
 * <p><b>Halving.</b> Reduce-scatter by recursive halving: in the step of distance d = 1, 2, 4, … a process and its
 * partner {@code rank ^ d} split the range they share; each sends the half that it gives up and adds the half that it
 * keeps. After the step of distance d a process holds, for its range, the sum over the aligned block of 2d processes
 * around it: exactly a subtree, because small distances come first. All-gather walks back with the distances reversed.
 * Every process sends and receives 2 (P − 1)/P of the buffer, in 2 log₂ P steps; the ring of c10d moves as much in 2
 * (P − 1).
 *
 * <p><b>Messages in flight.</b> The halves are divided into pieces, ordered so that the pieces that the next step sends
 * come first: they are sent as soon as they are added. So steps overlap, and an addition runs while the next pieces arrive.
 *
 * <p><b>Short buffers.</b> When latency dominates the time of a message, halving does not pay: every step
 * exchanges the whole buffer, and log₂ P steps suffice (recursive doubling). Both partners add the same two numbers, so
 * they agree on every bit, and the sums are those of halving.
 */
final class TreeSchedule {
    private final int size;
    private final int rank;
    private final long length;
    private final long piece;
    private final List<Transfer> transfers = new ArrayList<>();

    private TreeSchedule(int rank, int size, long length, long piece) {
        if (Integer.bitCount(size) != 1) {
            throw new IllegalArgumentException("size = " + size + ": must be a power of two");
        }
        this.size = size;
        this.rank = rank;
        this.length = length;
        this.piece = piece;
    }

    /**
     * Halving and doubling, for long buffers.
     *
     * @param piece the most elements of one message
     */
    static List<Transfer> halving(int rank, int size, long length, long piece) {
        TreeSchedule schedule = new TreeSchedule(rank, size, length, piece);
        schedule.reduceScatter();
        schedule.allGather();
        return schedule.transfers;
    }

    /** Whole buffers in every step, for short ones. */
    static List<Transfer> doubling(int rank, int size, long length) {
        TreeSchedule schedule = new TreeSchedule(rank, size, length, Math.max(1, length));
        for (int distance = 1; distance < size; distance *= 2) {
            schedule.add(Kind.GIVE, schedule.partner(distance), 0, length);
            schedule.add(Kind.ADD, schedule.partner(distance), 0, length);
        }
        return schedule.transfers;
    }

    private int partner(int distance) {
        return rank ^ distance;
    }

    private void add(Kind kind, int peer, long from, long to) {
        if (from < to) {
            transfers.add(new Transfer(kind, peer, from, to));
        }
    }

    private void reduceScatter() {
        List<Range> sends = List.of();
        Range held = new Range(0, length);
        for (int distance = 1; distance < size; distance *= 2) {
            List<Range> first = distance == 1 ? pieces(held.half(1 - bit(distance)), distance) : sends;
            if (distance == 1) {
                first.forEach(range -> add(Kind.GIVE, partner(1), range.from, range.to));
            }
            held = held.half(bit(distance));
            sends = 2 * distance < size ? pieces(held.half(1 - bit(2 * distance)), 2 * distance) : List.of();
            addAndForward(pieces(held, distance), distance, sends);
        }
    }

    /** Adds the pieces of one step, and sends each piece of the next step as soon as it is complete. */
    private void addAndForward(List<Range> pieces, int distance, List<Range> sends) {
        long added = 0;
        long sent = 0;
        int next = 0;
        for (Range range : pieces) {
            add(Kind.ADD, partner(distance), range.from, range.to);
            added += range.length();
            while (next < sends.size() && sent + sends.get(next).length() <= added) {
                Range ready = sends.get(next++);
                add(Kind.GIVE, partner(2 * distance), ready.from, ready.to);
                sent += ready.length();
            }
        }
    }

    /** 0 when this process keeps the lower half in the step of that distance, 1 when the upper. */
    private int bit(int distance) {
        return (rank & distance) == 0 ? 0 : 1;
    }

    /**
     * The messages that carry a range in the step of a distance. The part that the receiver gives up in its next step
     * comes first; the receiver differs from this process only in the bit of this distance, so both divide it equally.
     */
    private List<Range> pieces(Range range, int distance) {
        List<Range> pieces = new ArrayList<>();
        cut(range, distance, pieces);
        return pieces;
    }

    private void cut(Range range, int distance, List<Range> pieces) {
        int next = 2 * distance;
        if (range.length() > piece && next < size) {
            cut(range.half(1 - bit(next)), next, pieces);
            cut(range.half(bit(next)), next, pieces);
        } else {
            range.split(piece, pieces);
        }
    }

    /** The range that a process holds after the reduce-scatter. */
    private Range held(int member) {
        Range range = new Range(0, length);
        for (int distance = 1; distance < size; distance *= 2) {
            range = range.half((member & distance) == 0 ? 0 : 1);
        }
        return range;
    }

    /** Sends its own sums to every partner at once, then passes on what it receives, nearest step last. */
    private void allGather() {
        split(held(rank)).forEach(part -> forwardPart(part, size));
        for (int distance = size / 2; distance >= 1; distance /= 2) {
            for (int member : gathered(rank ^ distance, distance)) {
                for (Range part : split(held(member))) {
                    add(Kind.COPY, partner(distance), part.from, part.to);
                    forwardPart(part, distance);
                }
            }
        }
    }

    private void forwardPart(Range part, int above) {
        for (int distance = above / 2; distance >= 1; distance /= 2) {
            add(Kind.SHARE, partner(distance), part.from, part.to);
        }
    }

    private List<Range> split(Range range) {
        List<Range> parts = new ArrayList<>();
        range.split(piece, parts);
        return parts;
    }

    /** The ranks whose ranges a member has when the step of a distance begins, in the order of their arrival. */
    private List<Integer> gathered(int member, int distance) {
        List<Integer> members = new ArrayList<>(List.of(member));
        for (int step = size / 2; step > distance; step /= 2) {
            for (int known : List.copyOf(gathered(member ^ step, step))) {
                members.add(known);
            }
        }
        return members;
    }

    /** Elements [from, to) of the buffer. */
    private record Range(long from, long to) {
        long length() {
            return to - from;
        }

        /** The lower (0) or the upper (1) half; the lower takes the odd element. */
        Range half(int which) {
            long middle = from + (length() + 1) / 2;
            return which == 0 ? new Range(from, middle) : new Range(middle, to);
        }

        void split(long piece, List<Range> pieces) {
            for (long start = from; start < to; start += piece) {
                pieces.add(new Range(start, Math.min(to, start + piece)));
            }
        }
    }
}
