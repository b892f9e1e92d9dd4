package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Tensors;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** P processes played by threads of one JVM; sums are in the order of {@link Topology#arrivals}. */
final class InMemoryGroup {
    private final int size;
    private final CyclicBarrier barrier;
    private final Object[] deposits;

    private InMemoryGroup(int size) {
        this.size = size;
        this.barrier = new CyclicBarrier(size);
        this.deposits = new Object[size];
    }

    /** Plays every rank side by side; rethrows the first failure. The results are in the order of the ranks. */
    static <T> List<T> play(int size, Function<Collective, T> process) throws Exception {
        InMemoryGroup group = new InMemoryGroup(size);
        ExecutorService ranks = Executors.newFixedThreadPool(size);
        try {
            List<Future<T>> running = IntStream.range(0, size)
                    .mapToObj(rank -> ranks.submit(() -> process.apply(group.new Member(rank))))
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> future : running) {
                results.add(future.get(60, TimeUnit.SECONDS));
            }
            return results;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        } finally {
            ranks.shutdownNow();
        }
    }

    private final class Member implements Collective {
        private final int rank;

        Member(int rank) {
            this.rank = rank;
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public void allReduceSum(Tensor buffer) {
            allReduceSum(Topology.equal(size, size), List.of(buffer));
        }

        @Override
        public void allReduceSum(Topology topology, List<Tensor> partials) {
            List<List<float[]>> all =
                    exchange(partials.stream().map(Tensors::toArray).toList());
            Deque<float[]> sums = new ArrayDeque<>();
            for (Topology.Arrival arrival : topology.arrivals()) {
                sums.push(all.get(arrival.rank()).get(arrival.root()).clone());
                for (int i = 0; i < arrival.additions(); i++) {
                    float[] right = sums.pop();
                    float[] left = sums.element();
                    for (int at = 0; at < left.length; at++) {
                        left[at] += right[at];
                    }
                }
            }
            Tensors.assign(partials.get(0), sums.pop());
        }

        @Override
        public List<byte[]> allGather(byte[] mine) {
            return exchange(mine);
        }

        @SuppressWarnings("unchecked")
        private <T> List<T> exchange(T mine) {
            try {
                deposits[rank] = mine;
                barrier.await(30, TimeUnit.SECONDS);
                List<T> all = (List<T>) List.of(deposits.clone());
                barrier.await(30, TimeUnit.SECONDS);
                return all;
            } catch (Exception e) {
                throw new IllegalStateException("another rank is gone", e);
            }
        }

        @Override
        public boolean isBitwise() {
            return true;
        }

        @Override
        public void close() {}
    }
}
