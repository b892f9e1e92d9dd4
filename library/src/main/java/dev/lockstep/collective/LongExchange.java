package dev.lockstep.collective;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.jspecify.annotations.Nullable;

/**
 * The all-reduce of one long buffer, in place, by halving and doubling: the messages of {@link TreeSchedule#halving} with
 * their views, made once.
 *
 * <p>Receives are posted before their turn: c10d sends nothing until the receiver has said that it waits, and said early
 * this costs no delay. A total may therefore arrive in a range of the buffer as soon as its sender has it. It overwrites
 * nothing that is still needed: the sender's total contains this process's contribution to that range, so that
 * contribution has already been sent.
 */
final class LongExchange implements AutoCloseable {
    private static final int GIVE = 0;
    private static final int SHARE = 1;

    /** One message: {@code target} and {@code arrived} are set for an addition. */
    private record Message(
            Transfer transfer,
            TensorVector tensor,
            @Nullable Tensor target,
            @Nullable Tensor arrived) {}

    private final GlooGroup group;
    private final Owned owned = new Owned();
    private final List<Message> messages = new ArrayList<>();
    private final List<Message> additions = new ArrayList<>();
    private final List<Message> copies = new ArrayList<>();
    private final int sends;

    LongExchange(GlooGroup group, Tensor buffer, long pieceElements, Scratch scratch) {
        this.group = group;
        for (Transfer transfer : TreeSchedule.halving(group.rank(), group.size(), buffer.numel(), pieceElements)) {
            Message message = message(transfer, buffer, scratch);
            messages.add(message);
            if (transfer.kind() == Transfer.Kind.ADD) {
                additions.add(message);
            } else if (transfer.kind() == Transfer.Kind.COPY) {
                copies.add(message);
            }
        }
        sends = messages.size() - additions.size() - copies.size();
    }

    private Message message(Transfer transfer, Tensor buffer, Scratch scratch) {
        Tensor view = owned.view(buffer, transfer.from(), transfer.to());
        if (transfer.kind() != Transfer.Kind.ADD) {
            return new Message(transfer, owned.message(view), null, null);
        }
        Tensor arrived = owned.view(scratch.slot(additions.size()), 0, transfer.length());
        return new Message(transfer, owned.message(arrived), view, arrived);
    }

    void sum() {
        Work[] adding = new Work[additions.size()];
        Work[] copying = new Work[copies.size()];
        for (int i = 0; i < Math.min(Scratch.SLOTS, adding.length); i++) {
            adding[i] = receive(additions.get(i), GIVE);
        }
        for (int i = 0; i < copying.length; i++) {
            copying[i] = receive(copies.get(i), SHARE);
        }
        finish(exchange(adding, copying));
    }

    private Work receive(Message message, int tag) {
        return group.receive(message.tensor, message.transfer.peer(), tag);
    }

    /** Walks through the messages in order; returns the sends that are under way. */
    private List<Work> exchange(Work[] adding, Work[] copying) {
        List<Work> sending = new ArrayList<>(sends);
        int added = 0;
        int copied = 0;
        for (Message message : messages) {
            int peer = message.transfer.peer();
            switch (message.transfer.kind()) {
                case GIVE -> sending.add(group.send(message.tensor, peer, GIVE));
                case SHARE -> sending.add(group.send(message.tensor, peer, SHARE));
                case COPY -> group.await(copying[copied++], peer);
                case ADD -> {
                    group.await(adding[added], peer);
                    add(message);
                    int next = added++ + Scratch.SLOTS;
                    if (next < adding.length) {
                        adding[next] = receive(additions.get(next), GIVE);
                    }
                }
            }
        }
        return sending;
    }

    /** Addition is commutative in every bit but those of a NaN, and this range is added on this process only. */
    private static void add(Message message) {
        if (message.target != null && message.arrived != null) {
            message.target.add_(message.arrived);
        }
    }

    private void finish(List<Work> sending) {
        int next = 0;
        for (Message message : messages) {
            Transfer.Kind kind = message.transfer.kind();
            if (kind == Transfer.Kind.GIVE || kind == Transfer.Kind.SHARE) {
                group.await(sending.get(next++), message.transfer.peer());
            }
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
