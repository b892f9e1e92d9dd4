package dev.lockstep.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.format.WebDataset;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.sampling.EpochPermutation;
import dev.lockstep.storage.Locations;
import java.lang.management.ManagementFactory;
import java.util.Iterator;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How long the loader takes for epochs of shards, on this machine or in a store: reads, decodes, augments and drops every
 * image. Prints the time in which the shards are opened, in seconds of the clock and of processors, and that of each epoch. The scenario
 * {@code storage-delay} compares.
 */
public final class StoredEpochs {
    private static final int SIDE = 224;
    private static final int BATCH = 32;
    private static final long SEED = 1;
    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final Dataset training;
    private final ImageTransform transform = PhotographTransform.training(SIDE, false, false, Normalization.IMAGENET);
    private final int threads;

    private StoredEpochs(Dataset training, int threads) {
        this.training = training;
        this.threads = threads;
    }

    /**
     * @param arguments the folder of shards, a path or a URI; the number of loader threads; the number of epochs
     */
    public static void main(String[] arguments) {
        Moment start = Moment.now();
        Dataset training = WebDataset.read(Locations.path(arguments[0])).get(0);
        print("opened", start);
        StoredEpochs epochs = new StoredEpochs(training, Integer.parseInt(arguments[1]));
        for (int epoch = 0; epoch < Integer.parseInt(arguments[2]); epoch++) {
            start = Moment.now();
            epochs.load(epoch);
            print("epoch " + epoch, start);
        }
    }

    private void load(int epoch) {
        EpochPermutation order = EpochPermutation.of(SEED, epoch, training.size());
        int batches = training.size() / BATCH;
        Iterator<BatchRequest> requests = IntStream.range(0, batches)
                .mapToObj(step -> new BatchRequest(step, epoch, 0, order.slice(step * BATCH, BATCH)))
                .iterator();
        try (BatchLoader loader = new BatchLoader(training, transform, SEED, threads, 2 * threads, requests)) {
            for (int batch = 0; batch < batches; batch++) {
                loader.next().orElseThrow().close();
            }
        }
    }

    /** In nanoseconds: of the clock, and of this process on all cores. */
    private record Moment(long time, long processor) {
        static Moment now() {
            return new Moment(System.nanoTime(), PROCESS.getProcessCpuTime());
        }
    }

    private static void print(String what, Moment start) {
        Moment end = Moment.now();
        System.out.printf(Locale.ROOT, "%s, s = %.3f%n", what, (end.time - start.time) / 1e9);
        System.out.printf(Locale.ROOT, "%s of processors, s = %.3f%n", what, (end.processor - start.processor) / 1e9);
    }
}
