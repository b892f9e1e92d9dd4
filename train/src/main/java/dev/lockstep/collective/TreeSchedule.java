package dev.lockstep.collective;

import dev.lockstep.collective.Transfer.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * The messages that one process exchanges, in order, to sum a buffer over all processes in the order of
 * {@link dev.lockstep.topology.ReductionTree}. Pure arithmetic over ranks and ranges.
 *
 * <p><b>A power of two.</b> Reduce-scatter by recursive halving: in the step of distance d = 1, 2, 4, … a process and its
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
 *
 * <p><b>Other P.</b> Binary blocks: P is split into blocks of descending powers of two (7 = 4 + 2 + 1). Every block
 * reduces as above; each passes its sums on to the next larger one, smallest first; the largest returns the total to
 * all. The order of additions is fixed for a given P but differs between values of P.
 */
final class TreeSchedule {
    private final int size;
    private final int rank;
    private final long length;
    private final long piece;
    private final boolean whole;
    /** The block of {@link #rank}: its first rank and its size. */
    private final int base;

    private final int block;
    private final int local;
    private final List<Transfer> transfers = new ArrayList<>();

    private TreeSchedule(int rank, int size, long length, long piece, boolean whole) {
        this.size = size;
        this.rank = rank;
        this.length = length;
        this.piece = piece;
        this.whole = whole;
        this.base = blockBase(rank, size);
        this.block = Integer.highestOneBit(size - base);
        this.local = rank - base;
    }

    /**
     * Halving and doubling, for long buffers.
     *
     * @param piece the most elements of one message
     */
    static List<Transfer> halving(int rank, int size, long length, long piece) {
        TreeSchedule schedule = new TreeSchedule(rank, size, length, piece, false);
        schedule.reduceScatter();
        schedule.joinBlocks();
        schedule.allGather();
        return schedule.transfers;
    }

    /** Whole buffers in every step, for short ones. */
    static List<Transfer> doubling(int rank, int size, long length) {
        TreeSchedule schedule = new TreeSchedule(rank, size, length, Math.max(1, length), true);
        for (int distance = 1; distance < schedule.block; distance *= 2) {
            schedule.add(Kind.GIVE, schedule.partner(distance), 0, length);
            schedule.add(Kind.ADD, schedule.partner(distance), 0, length);
        }
        schedule.joinBlocks();
        return schedule.transfers;
    }

    /** The first rank of the block that a rank is in. */
    private static int blockBase(int rank, int size) {
        int base = 0;
        while (rank >= base + Integer.highestOneBit(size - base)) {
            base += Integer.highestOneBit(size - base);
        }
        return base;
    }

    private int partner(int distance) {
        return base + (local ^ distance);
    }

    private void add(Kind kind, int peer, long from, long to) {
        if (from < to) {
            transfers.add(new Transfer(kind, peer, from, to));
        }
    }

    private void reduceScatter() {
        List<Range> sends = List.of();
        Range held = new Range(0, length);
        for (int distance = 1; distance < block; distance *= 2) {
            List<Range> first = distance == 1 ? pieces(held.half(1 - bit(distance)), distance) : sends;
            if (distance == 1) {
                first.forEach(range -> add(Kind.GIVE, partner(1), range.from, range.to));
            }
            held = held.half(bit(distance));
            sends = 2 * distance < block ? pieces(held.half(1 - bit(2 * distance)), 2 * distance) : List.of();
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
        return (local & distance) == 0 ? 0 : 1;
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
        if (range.length() > piece && next < block) {
            cut(range.half(1 - bit(next)), next, pieces);
            cut(range.half(bit(next)), next, pieces);
        } else {
            range.split(piece, pieces);
        }
    }

    /** The range that a process of a block holds after the block's reduce-scatter. */
    private Range held(int member, int members) {
        Range range = new Range(0, length);
        for (int distance = 1; distance < members && !whole; distance *= 2) {
            range = range.half((member & distance) == 0 ? 0 : 1);
        }
        return range;
    }

    /** Passes sums from smaller blocks to larger ones, and the total back. Nothing when P is a power of two. */
    private void joinBlocks() {
        int after = base + block;
        if (after < size) {
            receiveFromSmaller(after, Integer.highestOneBit(size - after));
        }
        if (base > 0) {
            sendToLarger();
            receiveTotal();
        } else {
            sendTotal();
        }
    }

    private void receiveFromSmaller(int smallerBase, int smaller) {
        exchange(Kind.ADD, smallerBase + local % smaller, held(local, block));
    }

    private void sendToLarger() {
        int larger = Integer.lowestOneBit(base);
        for (int member = local; member < larger; member += block) {
            exchange(Kind.GIVE, base - larger + member, held(member, larger));
        }
    }

    private void sendTotal() {
        for (int other = block; other < size; other += Integer.highestOneBit(size - other)) {
            int members = Integer.highestOneBit(size - other);
            if (!whole || local < members) {
                exchange(Kind.SHARE, other + local % members, held(local, block));
            }
        }
    }

    private void receiveTotal() {
        int largest = Integer.highestOneBit(size);
        for (int member = local; member < (whole ? local + 1 : largest); member += block) {
            exchange(Kind.COPY, member, held(member, largest));
        }
    }

    private void exchange(Kind kind, int peer, Range range) {
        List<Range> pieces = new ArrayList<>();
        range.split(piece, pieces);
        pieces.forEach(part -> add(kind, peer, part.from, part.to));
    }

    /** Sends its own sums to every partner at once, then passes on what it receives, nearest step last. */
    private void allGather() {
        forward(held(local, block), block);
        for (int distance = block / 2; distance >= 1; distance /= 2) {
            for (int member : gathered(local ^ distance, distance)) {
                for (Range part : split(held(member, block))) {
                    add(Kind.COPY, partner(distance), part.from, part.to);
                    forwardPart(part, distance);
                }
            }
        }
    }

    private void forward(Range range, int above) {
        split(range).forEach(part -> forwardPart(part, above));
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
        for (int step = block / 2; step > distance; step /= 2) {
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
