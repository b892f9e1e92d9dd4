package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.check;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_clone;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;

import dev.lockstep.model.FlatState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.javacpp.BytePointer;

/**
 * The copies of a network's parameters that primitives asked for, for all lanes of a process: made once a step, by
 * whichever lane comes first to each.
 */
final class SharedWeights implements AutoCloseable {
    private static final long ALIGNMENT = 4096;
    private static final Map<FlatState, SharedWeights> ALL = new IdentityHashMap<>();

    private final FlatState state;
    private final Map<String, List<Copy>> copies = new HashMap<>();
    /** Counts the changes of the parameters. */
    private final AtomicLong generation = new AtomicLong();

    private int lanes;

    /** A parameter in another layout. */
    static final class Copy implements AutoCloseable {
        final long address;
        private final dnnl_memory_desc layout = new dnnl_memory_desc();
        private final BytePointer memory;
        private final ReentrantLock lock = new ReentrantLock();
        /** The generation of its numbers; guarded by the lock. */
        private long made = -1;

        private Copy(dnnl_memory_desc chosen) {
            // Descriptions of primitives own theirs, and a lane may end before others.
            check(dnnl_memory_desc_clone(layout, chosen), "layout");
            memory = new BytePointer(Dnnl.bytes(layout) + ALIGNMENT).retainReference();
            address = (memory.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }

        /** Makes it unless another lane is at it. */
        void tryMake(long wanted, Program.Command reorder) {
            if (lock.tryLock()) {
                makeAndUnlock(wanted, reorder);
            }
        }

        /** Makes it, or waits until another lane has. */
        void make(long wanted, Program.Command reorder) {
            lock.lock();
            makeAndUnlock(wanted, reorder);
        }

        private void makeAndUnlock(long wanted, Program.Command reorder) {
            try {
                if (made != wanted) {
                    reorder.run();
                    made = wanted;
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            dnnl_memory_desc_destroy(layout);
            memory.close();
        }
    }

    private SharedWeights(FlatState state) {
        this.state = state;
    }

    /** Those of the parameters of a state. Every lane closes them once. */
    static SharedWeights of(FlatState state) {
        synchronized (ALL) {
            SharedWeights found = ALL.computeIfAbsent(state, SharedWeights::new);
            found.lanes++;
            // A lane may come after a change that it was not there to be told of.
            found.changed();
            return found;
        }
    }

    /** The parameters have changed, or may have: no lane computes. */
    void changed() {
        generation.incrementAndGet();
    }

    long generation() {
        return generation.get();
    }

    /** A parameter in a layout: the same for every lane that asks. */
    Copy copy(String parameter, dnnl_memory_desc layout) {
        synchronized (ALL) {
            List<Copy> known = copies.computeIfAbsent(parameter, it -> new ArrayList<>());
            for (Copy copy : known) {
                if (Dnnl.same(copy.layout, layout)) {
                    return copy;
                }
            }
            Copy copy = new Copy(layout);
            known.add(copy);
            return copy;
        }
    }

    /** Of all copies. */
    long bytes() {
        synchronized (ALL) {
            return copies.values().stream()
                    .flatMap(List::stream)
                    .mapToLong(copy -> Dnnl.bytes(copy.layout))
                    .sum();
        }
    }

    @Override
    public void close() {
        synchronized (ALL) {
            lanes--;
            if (lanes == 0) {
                Objects.requireNonNull(ALL.remove(state));
                copies.values().forEach(list -> list.forEach(Copy::close));
            }
        }
    }
}
