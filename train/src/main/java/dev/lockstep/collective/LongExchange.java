package dev.lockstep.collective;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The all-reduce of one long buffer, in place, by halving and doubling: the messages of {@link TreeSchedule#halving} with
 * their views, created once.
 *
 * <p>Receives are posted before their turn, so that a message that arrives early does not hold up those behind it. A
 * total may therefore arrive in a range of the buffer as soon as its sender has it. It overwrites
 * nothing that is still needed: the sender's total contains this process's sum of that range, so that
 * sum has already been sent.
 */
final class LongExchange implements AutoCloseable {
    private static final int GIVE = 0;
    private static final int SHARE = 1;

    /** One message: {@code target} and {@code arrived} are set for an addition. */
    private record Step(
            Transfer transfer,
            Message message,
            @Nullable Tensor target,
            @Nullable Tensor arrived) {}

    private final SocketGroup group;
    private final Owned owned = new Owned();
    private final List<Step> steps = new ArrayList<>();
    private final List<Step> additions = new ArrayList<>();
    private final List<Step> copies = new ArrayList<>();

    LongExchange(SocketGroup group, Tensor buffer, long pieceElements, Scratch scratch) {
        this.group = group;
        for (Transfer transfer : TreeSchedule.halving(group.rank(), group.size(), buffer.numel(), pieceElements)) {
            Step step = step(transfer, buffer, scratch);
            steps.add(step);
            if (transfer.kind() == Transfer.Kind.ADD) {
                additions.add(step);
            } else if (transfer.kind() == Transfer.Kind.COPY) {
                copies.add(step);
            }
        }
    }

    private Step step(Transfer transfer, Tensor buffer, Scratch scratch) {
        Tensor view = owned.view(buffer, transfer.from(), transfer.to());
        int tag = transfer.kind() == Transfer.Kind.GIVE || transfer.kind() == Transfer.Kind.ADD ? GIVE : SHARE;
        if (transfer.kind() != Transfer.Kind.ADD) {
            return new Step(transfer, Message.of(transfer.peer(), tag, view), null, null);
        }
        Tensor arrived = owned.view(scratch.slot(additions.size() % Scratch.SLOTS), 0, transfer.length());
        return new Step(transfer, Message.of(transfer.peer(), tag, arrived), view, arrived);
    }

    void sum() {
        for (int i = 0; i < Math.min(Scratch.SLOTS, additions.size()); i++) {
            group.receive(additions.get(i).message);
        }
        copies.forEach(copy -> group.receive(copy.message));
        exchange();
        // Receives are done already.
        steps.forEach(step -> group.await(step.message));
    }

    /** Walks through the messages in order. */
    private void exchange() {
        int added = 0;
        for (Step step : steps) {
            switch (step.transfer.kind()) {
                case GIVE, SHARE -> group.send(step.message);
                case COPY -> group.await(step.message);
                case ADD -> {
                    group.await(step.message);
                    add(step);
                    int next = added++ + Scratch.SLOTS;
                    if (next < additions.size()) {
                        group.receive(additions.get(next).message);
                    }
                }
            }
        }
    }

    /** Addition is bitwise commutative except for NaN, and only this process adds this range. */
    private static void add(Step step) {
        if (step.target != null && step.arrived != null) {
            step.target.add_(step.arrived);
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
