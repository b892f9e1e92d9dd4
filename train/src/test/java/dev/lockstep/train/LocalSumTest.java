package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.topology.ReductionTree;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import dev.lockstep.train.GradientBuffer.Bucket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Tensor;

class LocalSumTest {
    private static final int LENGTH = 7;

    static {
        TorchRuntime.load();
    }

    /** One worker's bucket. */
    private record Part(int leaf, Bucket bucket) {}

    private static final class Sums {
        final int workers;
        final List<Bucket> buckets;
        final LocalSum sum;
        final float[][] results;
        final AtomicInteger completions = new AtomicInteger();
        final Set<Long> memory = Collections.synchronizedSet(new HashSet<>());
        private final float[][][] values;

        Sums(int workers, int buckets, long seed) {
            this.workers = workers;
            this.buckets = IntStream.range(0, buckets)
                    .mapToObj(b -> new Bucket(b, (long) b * LENGTH, (b + 1L) * LENGTH, LENGTH, LENGTH))
                    .toList();
            this.results = new float[buckets][];
            this.values = new float[buckets][workers][LENGTH];
            Random random = new Random(seed);
            for (float[][] bucket : values) {
                for (float[] leaf : bucket) {
                    for (int i = 0; i < LENGTH; i++) {
                        // Magnitudes far apart: any other order of additions gives other bits.
                        leaf[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(8)));
                    }
                }
            }
            this.sum = new LocalSum(new ReductionTree(workers), Device.cpu(), this.buckets, this::take);
        }

        private void take(Bucket bucket, int root, Handed handed) {
            Tensor sum = handed.tensor();
            assertThat(root).isZero();
            completions.incrementAndGet();
            results[bucket.index()] = Tensors.toArray(sum);
            memory.add(sum.data_ptr().address());
            this.sum.release(bucket, sum);
        }

        void add(Part part) {
            try (StepScope scope = new StepScope()) {
                sum.add(part.leaf, part.bucket, AbstractTensor.create(values[part.bucket.index()][part.leaf]));
            }
        }

        List<Part> parts() {
            List<Part> parts = new ArrayList<>();
            for (int leaf = 0; leaf < workers; leaf++) {
                for (Bucket bucket : buckets) {
                    parts.add(new Part(leaf, bucket));
                }
            }
            return parts;
        }

        /** Fails unless every bucket's sum has the bits of the tree; forgets the results. */
        void check() {
            assertThat(completions.getAndSet(0)).isEqualTo(buckets.size());
            for (int b = 0; b < results.length; b++) {
                float[] expected = new float[LENGTH];
                for (int i = 0; i < LENGTH; i++) {
                    float[] leaves = new float[workers];
                    for (int leaf = 0; leaf < workers; leaf++) {
                        leaves[leaf] = values[b][leaf][i];
                    }
                    expected[i] = ReductionTree.sum(leaves);
                }
                assertThat(results[b]).isEqualTo(expected);
                results[b] = null;
            }
        }

        /** Buffers that were ever made: when all sums are released, they all lie idle. */
        int buffers() throws ReflectiveOperationException {
            var free = LocalSum.class.getDeclaredField("free");
            free.setAccessible(true);
            return ((List<?>) free.get(sum))
                    .stream().mapToInt(queue -> ((Collection<?>) queue).size()).sum();
        }

        int depth() {
            return Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, workers - 1));
        }
    }

    @Property(tries = 150)
    void sum_ofAnyOrder_isTheTreesBits(
            @ForAll @IntRange(min = 1, max = 40) int workers,
            @ForAll @IntRange(min = 1, max = 3) int buckets,
            @ForAll long seed) {
        Sums sums = new Sums(workers, buckets, seed);
        List<Part> order = sums.parts();
        Collections.shuffle(order, new Random(seed));
        order.forEach(sums::add);
        sums.check();
    }

    @Property(tries = 40)
    void sum_backwards_isTheTreesBits(@ForAll @IntRange(min = 1, max = 40) int workers, @ForAll long seed) {
        Sums sums = new Sums(workers, 2, seed);
        List<Part> order = sums.parts();
        Collections.reverse(order);
        order.forEach(sums::add);
        sums.check();
    }

    @Property(tries = 60)
    void sum_byRacingLanes_isTheTreesBits(
            @ForAll @IntRange(min = 1, max = 40) int workers,
            @ForAll @IntRange(min = 1, max = 6) int lanes,
            @ForAll long seed)
            throws Exception {
        Sums sums = new Sums(workers, 2, seed);
        for (int step = 0; step < 4; step++) {
            race(sums, lanes, seed + step);
            sums.check();
        }
        // A worker that is late splits what is done into at most one piece a level.
        assertThat(sums.buffers()).isLessThanOrEqualTo(2 * lanes * (sums.depth() + 1));
    }

    /** Two siblings that arrive at the same moment, many times. */
    @Property(tries = 1)
    void sum_ofSiblingsAtOnce_isNeverLost(@ForAll long seed) throws Exception {
        Sums sums = new Sums(2, 1, seed);
        CyclicBarrier together = new CyclicBarrier(2);
        for (int round = 0; round < 300; round++) {
            List<Thread> lanes = sums.parts().stream()
                    .map(part -> new Thread(() -> {
                        await(together);
                        sums.add(part);
                    }))
                    .toList();
            lanes.forEach(Thread::start);
            for (Thread lane : lanes) {
                lane.join();
            }
            sums.check();
        }
        assertThat(sums.buffers()).isLessThanOrEqualTo(2);
    }

    @Property(tries = 20)
    void buffers_ofOneLane_areAsManyAsLevelsAndUsedAgain(
            @ForAll @IntRange(min = 2, max = 40) int workers, @ForAll long seed) throws Exception {
        Sums sums = new Sums(workers, 1, seed);
        sums.parts().forEach(sums::add);
        sums.check();
        int afterOne = sums.buffers();
        for (int step = 1; step < 10; step++) {
            sums.parts().forEach(sums::add);
            sums.check();
        }
        assertThat(afterOne).isLessThanOrEqualTo(sums.depth());
        assertThat(sums.buffers()).isEqualTo(afterOne);
        assertThat(sums.memory).hasSizeLessThanOrEqualTo(afterOne);
    }

    /** A process whose range is no subtree: one sum for each root. */
    @Property(tries = 150)
    void sums_ofAnyRange_areThoseOfItsSubtrees(
            @ForAll @IntRange(min = 1, max = 60) int workers,
            @ForAll @IntRange(max = 59) int start,
            @ForAll @IntRange(min = 1, max = 60) int count,
            @ForAll long seed) {
        int from = start % workers;
        int to = Math.min(workers, from + count);
        List<ReductionTree.Range> subtrees = ReductionTree.subtrees(workers, from, to);
        float[][] sums = new float[subtrees.size()][];
        Bucket bucket = new Bucket(0, 0, LENGTH, LENGTH, LENGTH);
        LocalSum local = new LocalSum(
                new ReductionTree(workers, from, to),
                Device.cpu(),
                List.of(bucket),
                (completed, root, sum) -> sums[root] = Tensors.toArray(sum.tensor()));
        Random random = new Random(seed);
        float[] values = new float[workers];
        for (int worker = 0; worker < workers; worker++) {
            values[worker] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(8)));
        }
        List<Integer> order = new ArrayList<>(IntStream.range(from, to).boxed().toList());
        Collections.shuffle(order, random);
        for (int worker : order) {
            float[] part = new float[LENGTH];
            Arrays.fill(part, values[worker]);
            try (StepScope scope = new StepScope()) {
                local.add(worker - from, bucket, AbstractTensor.create(part));
            }
        }
        for (int root = 0; root < sums.length; root++) {
            ReductionTree.Range range = subtrees.get(root);
            float expected = ReductionTree.sum(Arrays.copyOfRange(values, range.from(), range.to()));
            assertThat(sums[root]).containsOnly(expected);
        }
    }

    /** Lanes take workers in order, as in a step, and each worker's buckets in order. */
    private static void race(Sums sums, int lanes, long seed) throws InterruptedException {
        AtomicInteger taken = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            Random random = new Random(seed * 31 + lane);
            threads.add(new Thread(() -> {
                for (int leaf = taken.getAndIncrement(); leaf < sums.workers; leaf = taken.getAndIncrement()) {
                    for (Bucket bucket : sums.buckets) {
                        if (random.nextInt(4) == 0) {
                            Thread.yield();
                        }
                        sums.add(new Part(leaf, bucket));
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
