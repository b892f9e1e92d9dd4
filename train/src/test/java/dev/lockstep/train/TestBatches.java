package dev.lockstep.train;

import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageShape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/** Made-up batches: the images of a step are a function of (seed, step), cut into workers. */
final class TestBatches {
    static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    static final int CLASSES = 5;

    private final long seed;
    private final int workers;
    private final int imagesPerWorker;

    TestBatches(long seed, int workers, int imagesPerWorker) {
        this.seed = seed;
        this.workers = workers;
        this.imagesPerWorker = imagesPerWorker;
    }

    /** One batch a worker, in the order of the workers. */
    List<HostBatch> of(long step) {
        Random random = new Random(seed * 31 + step);
        List<HostBatch> batches = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            batches.add(batch(step, worker, random));
        }
        return batches;
    }

    /** Every worker has the same images. */
    List<HostBatch> equal(long step) {
        List<HostBatch> batches = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            batches.add(batch(step, worker, new Random(seed * 31 + step)));
        }
        return batches;
    }

    private HostBatch batch(long step, int worker, Random random) {
        FloatBuffer pixels = TestStep.direct(imagesPerWorker * SHAPE.floats());
        long[] labels = new long[imagesPerWorker];
        for (int i = 0; i < imagesPerWorker; i++) {
            labels[i] = random.nextInt(CLASSES);
            for (int p = 0; p < SHAPE.floats(); p++) {
                pixels.put((float) random.nextGaussian() + (p % CLASSES == labels[i] ? 1 : 0));
            }
        }
        return TestStep.batch(step, worker, SHAPE, pixels.rewind(), labels);
    }

    static Supplier<HostBatch> inOrder(List<HostBatch> batches) {
        return new ConcurrentLinkedQueue<>(batches)::remove;
    }

    /** In a random order, and some only after a while. */
    static Supplier<HostBatch> shuffled(List<HostBatch> batches, Random random) {
        List<HostBatch> order = new ArrayList<>(batches);
        Collections.shuffle(order, random);
        Supplier<HostBatch> next = inOrder(order);
        long pauses = random.nextLong();
        return () -> {
            HostBatch batch = next.get();
            if ((pauses >> batch.request().worker() & 1) == 1) {
                pause(1);
            }
            return batch;
        };
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
