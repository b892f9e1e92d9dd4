package dev.lockstep.collective;

import dev.lockstep.collective.Transfer.Kind;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The all-reduce of short buffers of one length, by recursive doubling: the messages of {@link TreeSchedule#doubling}. It
 * works on a copy, in as many vectors as there are steps, so that no vector changes while it is being sent.
 */
final class ShortExchange implements AutoCloseable {
    private static final int TAG = 2;

    /** A message and the vector that it carries; for an addition also the previous sum, to which it is added. */
    private record Step(Transfer transfer, Message message, Tensor vector, Tensor before) {}

    private final SocketGroup group;
    private final Owned owned = new Owned();
    private final Tensor start;
    private final Tensor result;
    private final List<Step> steps = new ArrayList<>();

    ShortExchange(SocketGroup group, long length) {
        this.group = group;
        this.start = owned.floats(length);
        Tensor sum = start;
        for (Transfer transfer : TreeSchedule.doubling(group.rank(), group.size(), length)) {
            Tensor before = sum;
            if (isReceive(transfer)) {
                sum = owned.floats(length);
            }
            steps.add(new Step(transfer, Message.of(transfer.peer(), TAG, sum), sum, before));
        }
        this.result = sum;
    }

    private static boolean isReceive(Transfer transfer) {
        return transfer.kind() == Kind.ADD;
    }

    void sum(Tensor buffer) {
        for (Step step : steps) {
            if (isReceive(step.transfer)) {
                group.receive(step.message);
            }
        }
        start.copy_(buffer);
        steps.forEach(this::exchange);
        // Receives are done already.
        steps.forEach(step -> group.await(step.message));
        buffer.copy_(result);
    }

    private void exchange(Step step) {
        if (isReceive(step.transfer)) {
            group.await(step.message);
            add(step, step.transfer.peer());
        } else {
            group.send(step.message);
        }
    }

    /** Both sides use the sum of the lower ranks as the left operand, so that even the bits of a NaN agree. */
    private void add(Step step, int peer) {
        Tensor lower = peer < group.rank() ? step.vector : step.before;
        Tensor upper = peer < group.rank() ? step.before : step.vector;
        torch.add_out(step.vector, lower, upper);
    }

    @Override
    public void close() {
        owned.close();
    }
}
