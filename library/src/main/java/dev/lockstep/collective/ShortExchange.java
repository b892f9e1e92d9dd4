package dev.lockstep.collective;

import dev.lockstep.collective.Transfer.Kind;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;

/**
 * The all-reduce of short buffers of one length, by recursive doubling: the messages of {@link TreeSchedule#doubling}. It
 * works on a copy, in as many vectors as there are steps, so that no vector changes while it is being sent.
 */
final class ShortExchange implements AutoCloseable {
    private static final int TAG = 2;

    /** A message and the vector that it carries; for an addition also the sum before it, with which it is made. */
    private record Message(Transfer transfer, TensorVector tensor, Tensor vector, Tensor before) {}

    private final GlooGroup group;
    private final Owned owned = new Owned();
    private final Tensor start;
    private final Tensor result;
    private final List<Message> messages = new ArrayList<>();

    ShortExchange(GlooGroup group, long length) {
        this.group = group;
        this.start = owned.floats(length);
        Tensor sum = start;
        TensorVector message = owned.message(sum);
        for (Transfer transfer : TreeSchedule.doubling(group.rank(), group.size(), length)) {
            Tensor before = sum;
            if (isReceive(transfer)) {
                sum = owned.floats(length);
                message = owned.message(sum);
            }
            messages.add(new Message(transfer, message, sum, before));
        }
        this.result = sum;
    }

    private static boolean isReceive(Transfer transfer) {
        return transfer.kind() == Kind.ADD || transfer.kind() == Kind.COPY;
    }

    void sum(Tensor buffer) {
        Work[] works = new Work[messages.size()];
        for (int i = 0; i < works.length; i++) {
            Message message = messages.get(i);
            if (isReceive(message.transfer)) {
                works[i] = group.receive(message.tensor, message.transfer.peer(), TAG);
            }
        }
        start.copy_(buffer);
        exchange(works);
        buffer.copy_(result);
    }

    private void exchange(Work[] works) {
        for (int i = 0; i < works.length; i++) {
            Message message = messages.get(i);
            int peer = message.transfer.peer();
            switch (message.transfer.kind()) {
                case GIVE, SHARE -> works[i] = group.send(message.tensor, peer, TAG);
                case COPY -> group.await(works[i], peer);
                case ADD -> {
                    group.await(works[i], peer);
                    add(message, peer);
                }
            }
        }
        for (int i = 0; i < works.length; i++) {
            if (!isReceive(messages.get(i).transfer)) {
                group.await(works[i], messages.get(i).transfer.peer());
            }
        }
    }

    /** The sum of the lower ranks stands left on both sides, so that even the bits of a NaN agree. */
    private void add(Message message, int peer) {
        Tensor lower = peer < group.rank() ? message.vector : message.before;
        Tensor upper = peer < group.rank() ? message.before : message.vector;
        torch.add_out(message.vector, lower, upper);
    }

    @Override
    public void close() {
        owned.close();
    }
}
