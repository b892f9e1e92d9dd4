package dev.lockstep.collective;

import dev.lockstep.topology.Topology;
import dev.lockstep.topology.Topology.Arrival;
import dev.lockstep.torch.CpuDevice;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import org.bytedeco.pytorch.Tensor;

/**
 * One all-reduce of partial sums, for any division of the workers. The buffer is divided into segments, each with an
 * owner. Every process sends its partial sums of a segment straight to the owner, who adds those of all processes in the
 * order of {@link Topology#arrivals} and returns the total to all. Short buffers have fewer owners: latency then dominates.
 *
 * <p>A segment is added piece by piece, so that additions, arrivals and the return of earlier pieces overlap. All partial
 * sums leave before any total, so a total that waits to be received never holds up a partial sum.
 *
 * <p>A total may arrive in a range of the first partial sum as soon as its owner has it. It overwrites nothing that is
 * still needed: the total contains all partial sums of that range, so they have already been sent.
 */
final class SegmentExchange {
    private static final int GIVE = 0;
    private static final int SHARE = 1;

    private final SocketGroup group;
    private final Topology topology;
    private final List<Tensor> partials;
    private final long length;
    private final int owners;
    private final long pieceElements;
    private final Scratch scratch;

    private final List<Message> sent = new ArrayList<>();
    private final Deque<Integer> freeSlots = new ArrayDeque<>();
    private final Queue<Piece> expected = new ArrayDeque<>();
    private final Queue<Arriving> arriving = new ArrayDeque<>();

    /** Elements [from, to) of the buffer, from one rank. */
    private record Piece(int rank, long from, long to) {}

    /** @param slot where it lies in the scratch; {@link #OWN} if it lies in this process's partial sums */
    private record Sum(Tensor view, int slot) {}

    private record Arriving(Message message, Sum sum) {}

    private static final int OWN = -1;

    /**
     * @param segmentElements a segment has at least as many elements, unless the buffer has fewer
     * @param pieceElements the most elements of one message
     */
    SegmentExchange(
            SocketGroup group,
            Topology topology,
            List<Tensor> partials,
            long segmentElements,
            long pieceElements,
            Scratch scratch) {
        this.group = group;
        this.topology = topology;
        this.partials = partials;
        this.length = partials.get(0).numel();
        this.owners = (int) Math.max(1, Math.min(group.size(), length / Math.max(1, segmentElements)));
        this.pieceElements = pieceElements;
        this.scratch = scratch;
    }

    /** Call it in a pointer scope. */
    void sum() {
        List<Message> totals = receiveTotals();
        givePartials();
        if (group.rank() < owners) {
            addOwnSegment();
        }
        totals.forEach(group::await);
        sent.forEach(group::await);
    }

    private List<Message> receiveTotals() {
        List<Message> totals = new ArrayList<>();
        for (int owner = 0; owner < owners; owner++) {
            if (owner != group.rank()) {
                for (Piece piece : pieces(owner)) {
                    Message total = Message.of(owner, SHARE, view(partials.get(0), piece));
                    group.receive(total);
                    totals.add(total);
                }
            }
        }
        return totals;
    }

    /** Each process begins with another owner, so that no owner is everyone's first. */
    private void givePartials() {
        for (int i = 1; i <= owners; i++) {
            int owner = (group.rank() + i) % owners;
            if (owner != group.rank()) {
                for (Piece piece : pieces(owner)) {
                    partials.forEach(partial -> send(owner, GIVE, view(partial, piece)));
                }
            }
        }
    }

    private void addOwnSegment() {
        List<Piece> pieces = pieces(group.rank());
        for (Piece piece : pieces) {
            for (Arrival arrival : topology.arrivals()) {
                if (arrival.rank() != group.rank()) {
                    expected.add(new Piece(arrival.rank(), piece.from, piece.to));
                }
            }
        }
        for (int slot = 0; slot < Scratch.SLOTS + topology.mostWaiting(); slot++) {
            freeSlots.add(slot);
        }
        pieces.forEach(this::addPiece);
    }

    private void addPiece(Piece piece) {
        Deque<Sum> sums = new ArrayDeque<>();
        for (Arrival arrival : topology.arrivals()) {
            sums.push(arrival.rank() == group.rank() ? own(arrival.root(), piece) : arrived());
            for (int i = 0; i < arrival.additions(); i++) {
                Sum right = sums.pop();
                // Nobody else needs the sums of this segment, so the left one may change.
                sums.element().view.add_(right.view);
                release(right);
            }
        }
        Tensor total = view(partials.get(0), piece);
        Sum last = sums.pop();
        if (CpuDevice.address(last.view) != CpuDevice.address(total)) {
            total.copy_(last.view);
        }
        release(last);
        for (int i = 1; i < group.size(); i++) {
            send((group.rank() + i) % group.size(), SHARE, total);
        }
    }

    private Sum own(int root, Piece piece) {
        return new Sum(view(partials.get(root), piece), OWN);
    }

    private Sum arrived() {
        receiveAhead();
        Arriving next = arriving.remove();
        group.await(next.message);
        return next.sum;
    }

    private void receiveAhead() {
        while (!expected.isEmpty() && arriving.size() < Scratch.SLOTS) {
            Piece piece = expected.remove();
            int slot = freeSlots.remove();
            Tensor view = scratch.slot(slot).narrow(0, 0, piece.to - piece.from);
            Message message = Message.of(piece.rank, GIVE, view);
            group.receive(message);
            arriving.add(new Arriving(message, new Sum(view, slot)));
        }
    }

    private void release(Sum sum) {
        if (sum.slot != OWN) {
            freeSlots.add(sum.slot);
        }
    }

    private void send(int peer, int tag, Tensor view) {
        Message message = Message.of(peer, tag, view);
        group.send(message);
        sent.add(message);
    }

    private List<Piece> pieces(int owner) {
        long from = length * owner / owners;
        long to = length * (owner + 1) / owners;
        List<Piece> pieces = new ArrayList<>();
        for (long start = from; start < to; start += pieceElements) {
            pieces.add(new Piece(owner, start, Math.min(to, start + pieceElements)));
        }
        return pieces;
    }

    private static Tensor view(Tensor partial, Piece piece) {
        return partial.narrow(0, piece.from, piece.to - piece.from);
    }
}
