package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.FailureReport;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * P processes that are connected, each to each, by c10d over Gloo. Keeps every native object that the connection needs
 * and turns each native failure into one line that names the other end.
 *
 * <p>After a failure nothing native is touched again, not even to close it: a Gloo call on a broken group hangs or aborts.
 * The same holds for a group that is closed while another thread still exchanges messages, as happens when training ends
 * with an exception.
 */
final class GlooGroup {
    private final int rank;
    private final int size;
    private final ProcessGroupGloo gloo;
    private final List<Pointer> kept;
    private final Watch watch;
    private final ReentrantLock turn = new ReentrantLock();
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile boolean broken;

    /** @param kept what must live as long as the group, closed in this order after it */
    GlooGroup(int rank, int size, ProcessGroupGloo gloo, List<Pointer> kept, Watch watch) {
        this.rank = rank;
        this.size = size;
        this.gloo = gloo;
        this.kept = kept;
        this.watch = watch;
    }

    int rank() {
        return rank;
    }

    int size() {
        return size;
    }

    /** Runs one collective call, from its first message to its last. Only one thread at a time may be in one. */
    <T extends @Nullable Object> T inTurn(Supplier<T> exchange) {
        if (!turn.tryLock()) {
            throw new IllegalStateException("two threads use one collective: the order of messages would be undefined");
        }
        try {
            return exchange.get();
        } finally {
            turn.unlock();
        }
    }

    /** Starts to send a tensor; the tensor must not change until the work is awaited. */
    Work send(TensorVector tensor, int peer, int tag) {
        return call(() -> gloo.send(tensor, peer, tag), "rank " + peer, "while sending to it");
    }

    /** Starts to receive into a tensor. Messages of one peer and tag are matched in their order. */
    Work receive(TensorVector tensor, int peer, int tag) {
        return call(() -> gloo.recv(tensor, peer, tag), "rank " + peer, "while receiving from it");
    }

    void await(Work work, int peer) {
        call(work::_wait, "rank " + peer, "while exchanging gradients with it");
    }

    /** c10d's own all-reduce. */
    void allReduce(TensorVector tensor) {
        inTurn(() -> call(() -> gloo.allreduce(tensor)._wait(), "another process", "during an all-reduce"));
    }

    List<byte[]> allGather(byte[] mine) {
        return inTurn(() -> gatherAll(mine));
    }

    private List<byte[]> gatherAll(byte[] mine) {
        try (PointerScope scope = new PointerScope()) {
            long[] lengths = gather(AbstractTensor.create((long) mine.length));
            int longest = 0;
            for (long length : lengths) {
                longest = Math.max(longest, Math.toIntExact(length));
            }
            return longest == 0 ? empty() : gatherPadded(mine, lengths, longest);
        }
    }

    private List<byte[]> empty() {
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            all.add(new byte[0]);
        }
        return all;
    }

    private long[] gather(Tensor length) {
        Tensor all = like(length, size);
        gather(all, length);
        long[] lengths = new long[size];
        all.data_ptr_long().get(lengths);
        return lengths;
    }

    private List<byte[]> gatherPadded(byte[] mine, long[] lengths, int longest) {
        Tensor input = AbstractTensor.create(Arrays.copyOf(mine, longest));
        int total = Math.multiplyExact(longest, size);
        Tensor all = like(input, total);
        gather(all, input);
        ByteBuffer received = new BytePointer(all.data_ptr()).capacity(total).asByteBuffer();
        List<byte[]> result = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            byte[] bytes = new byte[Math.toIntExact(lengths[i])];
            received.get(i * longest, bytes);
            result.add(bytes);
        }
        return result;
    }

    private static Tensor like(Tensor tensor, int length) {
        return torch.empty(new long[] {length}, tensor.options(), new MemoryFormatOptional());
    }

    private void gather(Tensor all, Tensor mine) {
        call(() -> gloo._allgather_base(all, mine)._wait(), "another process", "while comparing facts");
    }

    private <T> T call(Supplier<T> nativeCall, String peer, String where) {
        if (broken) {
            throw LockstepException.worker("this process has left its group", where, "it failed before");
        }
        try {
            return nativeCall.get();
        } catch (RuntimeException e) {
            broken = true;
            watch.awaitVerdict();
            throw CommunicationFailure.of(e, peer, where);
        }
    }

    /** Tells the others why this process cannot go on; from now on no call succeeds. Only the first failure counts. */
    void fail(Throwable cause) {
        broken = true;
        if (told.compareAndSet(false, true)) {
            watch.failed(FailureReport.words(cause));
        }
    }

    /**
     * Frees the native group if nothing uses it and nothing has failed; from now on no call succeeds.
     *
     * @return whether it is freed
     */
    boolean leave() {
        boolean idle = !broken && turn.tryLock();
        broken = true;
        if (!idle) {
            return false;
        }
        try {
            gloo.close();
            kept.forEach(Pointer::close);
            watch.end();
            return true;
        } finally {
            turn.unlock();
        }
    }
}
