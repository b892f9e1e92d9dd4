package dev.lockstep.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.format.SyntheticDataset;
import dev.lockstep.image.transform.SmallImageTransform;
import dev.lockstep.sampling.KeyedRandom;
import dev.lockstep.sampling.MinibatchPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class BatchLoaderTest {
    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    private final Dataset dataset = new SyntheticDataset("training", 100, SHAPE, 5);
    private final ImageTransform transform = new SmallImageTransform(
            SHAPE, SHAPE, new Normalization(List.of(0.5, 0.5, 0.5), List.of(0.2, 0.2, 0.2)), true);

    /** The contents of a batch, by value and short enough for a message. */
    private static String contents(HostBatch batch) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * batch.pixels().limit());
        bytes.asFloatBuffer().put(batch.pixels().duplicate());
        return batch.request().step() + " " + batch.request().worker() + " " + Arrays.toString(batch.labels()) + " "
                + new Fingerprint().bytes(bytes.array()).hex();
    }

    @Test
    void next_givesTheRequestsInOrderThenEmpty() {
        List<BatchRequest> requests = requests(3);
        try (BatchLoader loader = loader(transform, 3, 2, requests)) {
            for (BatchRequest request : requests) {
                try (HostBatch batch = loader.next().orElseThrow()) {
                    assertThat(batch.request()).isSameAs(request);
                    assertThat(batch.shape()).isEqualTo(SHAPE);
                    assertThat(batch.size()).isEqualTo(8);
                    assertThat(batch.pixels().isDirect()).isTrue();
                    assertThat(batch.pixels().order()).isEqualTo(ByteOrder.nativeOrder());
                    assertThat(batch.pixels().position()).isZero();
                    assertThat(batch.pixels().remaining()).isEqualTo(8 * SHAPE.floats());
                }
            }
            assertThat(loader.next()).isEmpty();
            assertThat(loader.next()).isEmpty();
        }
    }

    @Test
    void contents_areWhatTheTransformMakesOfEachSample() {
        try (BatchLoader loader = loader(transform, 2, 2, requests(1));
                HostBatch batch = loader.next().orElseThrow()) {
            int[] samples = batch.request().samples();
            for (int i = 0; i < samples.length; i++) {
                FloatBuffer expected = FloatBuffer.allocate(SHAPE.floats());
                transform.apply(
                        dataset.image(samples[i]),
                        KeyedRandom.of(
                                KeyedRandom.key("augmentation"),
                                7,
                                batch.request().epoch(),
                                samples[i]),
                        expected);
                assertThat(batch.pixels().slice(i * SHAPE.floats(), SHAPE.floats()))
                        .isEqualTo(expected.rewind());
                assertThat(batch.labels()[i]).isEqualTo(dataset.label(samples[i]));
            }
        }
    }

    @Test
    void contents_doNotDependOnThreadsOrReadAhead() {
        List<String> reference = all(1, 1);

        assertThat(all(4, 8)).isEqualTo(reference);
        assertThat(all(3, 1)).isEqualTo(reference);
    }

    @Test
    void contents_changeWithTheEpoch() {
        int[] samples = {3, 4};
        List<BatchRequest> requests = List.of(new BatchRequest(0, 0, 0, samples), new BatchRequest(1, 1, 0, samples));
        try (BatchLoader loader = loader(transform, 1, 1, requests);
                HostBatch first = loader.next().orElseThrow();
                HostBatch second = loader.next().orElseThrow()) {
            assertThat(first.pixels()).isNotEqualTo(second.pixels());
        }
    }

    @Test
    void next_calledBySeveralLanes_givesEachBatchOnce() throws Exception {
        List<BatchRequest> requests = requests(20);
        ExecutorService lanes = Executors.newFixedThreadPool(3);
        try (BatchLoader loader = loader(transform, 2, 4, requests)) {
            List<Future<List<BatchRequest>>> futures = IntStream.range(0, 3)
                    .mapToObj(i -> lanes.submit(() -> drain(loader)))
                    .toList();
            List<BatchRequest> taken = new ArrayList<>();
            for (Future<List<BatchRequest>> future : futures) {
                assertThat(future.get()).isSortedAccordingTo(Comparator.comparing(requests::indexOf));
                taken.addAll(future.get());
            }
            assertThat(taken).containsExactlyInAnyOrderElementsOf(requests);
        } finally {
            lanes.shutdownNow();
        }
    }

    @Test
    void buffers_ofClosedBatches_areReused() {
        Set<Object> addresses = Collections.newSetFromMap(new IdentityHashMap<>());
        try (BatchLoader loader = loader(transform, 2, 2, requests(10))) {
            for (Optional<HostBatch> next = loader.next(); next.isPresent(); next = loader.next()) {
                addresses.add(next.get().pixels());
                next.get().close();
            }
        }
        // At most the batches being loaded, those loaded, and the one taken.
        assertThat(addresses).hasSizeLessThanOrEqualTo(5);
    }

    /** A loader that is closed early, as when the group changes, leaves its buffers to the next one. */
    @Test
    void buffers_ofBatchesThatNobodyTook_areReused() {
        Set<Object> addresses = Collections.newSetFromMap(new IdentityHashMap<>());
        BufferPool pool = new BufferPool(100);
        for (int i = 0; i < 20; i++) {
            try (BatchLoader loader = new BatchLoader(
                    dataset,
                    transform,
                    BadImages.refused(),
                    7,
                    2,
                    3,
                    requests(10).iterator(),
                    pool)) {
                HostBatch batch = loader.next().orElseThrow();
                addresses.add(batch.pixels());
                batch.close();
            }
        }
        // At most the batches being loaded, those loaded, and the one taken.
        assertThat(addresses).hasSizeLessThanOrEqualTo(6);
    }

    @Test
    void readAhead_isBounded() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        CountDownLatch full = new CountDownLatch(3);
        Iterator<BatchRequest> endless = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public BatchRequest next() {
                full.countDown();
                return new BatchRequest(asked.getAndIncrement(), 0, 0, new int[] {1});
            }
        };
        try (BatchLoader loader = new BatchLoader(dataset, transform, 7, 2, 3, endless)) {
            assertThat(full.await(10, TimeUnit.SECONDS)).isTrue();
            Thread.sleep(50);
            assertThat(asked).hasValue(3);
            loader.next().orElseThrow().close();
        }
    }

    @Test
    void closedBatch_refusesItsPixels() {
        try (BatchLoader loader = loader(transform, 1, 1, requests(1))) {
            HostBatch batch = loader.next().orElseThrow();
            batch.close();
            batch.close();
            assertThatIllegalStateException().isThrownBy(batch::pixels);
        }
    }

    @Test
    void failure_isRethrownUnchangedInOrderAndOnLaterCalls() {
        LockstepException damaged = LockstepException.data("image is damaged", "file = x", "remove it");
        ImageTransform failing = failing(damaged, 20);
        try (BatchLoader loader = loader(failing, 4, 8, requests(1))) {
            for (int i = 0; i < 2; i++) {
                loader.next().orElseThrow().close();
            }
            assertThatThrownBy(loader::next).isSameAs(damaged);
            assertThatThrownBy(loader::next).isSameAs(damaged);
        }
    }

    /** One caller has the batch that fails; the other waits for a later batch, which never comes. */
    @Test
    void failure_isRethrownToEveryCaller() throws Exception {
        LockstepException damaged = LockstepException.data("image is damaged", "file = x", "remove it");
        ExecutorService callers = Executors.newFixedThreadPool(2);
        for (int round = 0; round < 200; round++) {
            CountDownLatch taken = new CountDownLatch(1);
            ImageTransform failing = new FailingTransform(() -> {
                taken.await();
                throw damaged;
            });
            try (BatchLoader loader = loader(failing, 1, 1, requests(1))) {
                List<Future<Optional<HostBatch>>> waiting =
                        List.of(callers.submit(loader::next), callers.submit(loader::next));
                Thread.sleep(1);
                taken.countDown();
                for (Future<Optional<HostBatch>> caller : waiting) {
                    assertThatThrownBy(caller::get).cause().isSameAs(damaged);
                }
            }
        }
        callers.shutdownNow();
    }

    @Test
    void failure_ofTheRequests_isRethrown() {
        IllegalStateException broken = new IllegalStateException("no plan");
        Iterator<BatchRequest> requests = new Iterator<>() {
            @Override
            public boolean hasNext() {
                throw broken;
            }

            @Override
            public BatchRequest next() {
                throw broken;
            }
        };
        try (BatchLoader loader = new BatchLoader(dataset, transform, 7, 2, 2, requests)) {
            assertThatThrownBy(loader::next).isSameAs(broken);
        }
    }

    @Test
    void close_endsThreadsAndFreesWaitingCallers() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        ImageTransform slow = new FailingTransform(() -> {
            started.countDown();
            release.await();
        });
        ExecutorService caller = Executors.newSingleThreadExecutor();
        BatchLoader loader = loader(slow, 1, 1, requests(1));
        Future<Optional<HostBatch>> waiting = caller.submit(loader::next);
        started.await();
        Future<?> closing = Executors.newSingleThreadExecutor().submit(loader::close);
        assertThatThrownBy(waiting::get).hasCauseInstanceOf(IllegalStateException.class);
        release.countDown();
        closing.get();

        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("lockstep-loader"));
        assertThatIllegalStateException().isThrownBy(loader::next);
        caller.shutdownNow();
    }

    @Test
    void waitNanos_growsWhenDataIsSlow() {
        ImageTransform slow = new FailingTransform(() -> Thread.sleep(5));
        try (BatchLoader loader = loader(slow, 1, 1, requests(1).subList(0, 1))) {
            loader.next().orElseThrow().close();
            assertThat(loader.waitNanos()).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** Does something before every image. */
    private final class FailingTransform implements ImageTransform {
        interface Action {
            void run() throws Exception;
        }

        private final Action action;

        FailingTransform(Action action) {
            this.action = action;
        }

        @Override
        public ImageShape shape() {
            return transform.shape();
        }

        @Override
        public void apply(ImageData image, KeyedRandom random, FloatBuffer out) {
            try {
                action.run();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            transform.apply(image, random, out);
        }
    }

    /** Fails at the given sample of the plan's first epoch. */
    private ImageTransform failing(RuntimeException failure, int position) {
        int[] samples = requests(1).get(position / 8).samples();
        byte[] bad = ((ImageData.Pixels) dataset.image(samples[position % 8])).values();
        return new ImageTransform() {
            @Override
            public ImageShape shape() {
                return transform.shape();
            }

            @Override
            public void apply(ImageData image, KeyedRandom random, FloatBuffer out) {
                if (Arrays.equals(((ImageData.Pixels) image).values(), bad)) {
                    throw failure;
                }
                transform.apply(image, random, out);
            }
        };
    }

    private List<String> all(int threads, int readAhead) {
        List<String> contents = new ArrayList<>();
        try (BatchLoader loader = loader(transform, threads, readAhead, requests(2))) {
            for (Optional<HostBatch> next = loader.next(); next.isPresent(); next = loader.next()) {
                contents.add(contents(next.get()));
                next.get().close();
            }
        }
        return contents;
    }

    private static List<BatchRequest> drain(BatchLoader loader) {
        List<BatchRequest> taken = new ArrayList<>();
        for (Optional<HostBatch> next = loader.next(); next.isPresent(); next = loader.next()) {
            taken.add(next.get().request());
            next.get().close();
        }
        return taken;
    }

    /** 6 iterations × 2 workers × 8 images per epoch. */
    private static List<BatchRequest> requests(int epochs) {
        MinibatchPlan plan = new MinibatchPlan(7, 100, 2, 8);
        List<BatchRequest> requests = new ArrayList<>();
        for (int epoch = 0; epoch < epochs; epoch++) {
            for (int i = 0; i < plan.iterationsPerEpoch(); i++) {
                for (int worker = 0; worker < 2; worker++) {
                    requests.add(new BatchRequest(i, epoch, worker, plan.samples(epoch, i, worker)));
                }
            }
        }
        return requests;
    }

    private BatchLoader loader(ImageTransform transform, int threads, int readAhead, List<BatchRequest> requests) {
        return new BatchLoader(dataset, transform, 7, threads, readAhead, requests.iterator());
    }
}
