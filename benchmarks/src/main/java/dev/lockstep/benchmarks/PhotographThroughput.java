package dev.lockstep.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.RawDataset;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.sampling.KeyedRandom;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The rate at which one core decodes and augments photographs, in images per second of CPU time (little affected by
 * other work on the machine) and of wall time. Takes a folder of JPEG files; {@code photographs.sh} creates one with
 * images of 500 × 375 pixels and compares with torchvision on the same files.
 */
public final class PhotographThroughput {
    private static final int SIDE = 224;
    private static final int ROUNDS = 5;
    private static final int BATCH = 32;
    private static final int BATCHES = 47;
    private static final int IMAGES = BATCHES * BATCH;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final List<ImageData.Encoded> images;
    private final Dataset folder;
    private final FloatBuffer out = ByteBuffer.allocateDirect(SIDE * SIDE * 3 * Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    private long key;

    private PhotographThroughput(Path folder) throws IOException {
        List<Path> files = files(folder);
        this.images = read(files);
        this.folder = ImageFolder.of(
                folder,
                "training",
                List.of("photograph"),
                files.stream()
                        .map(file ->
                                new ImageFolder.LabeledFile(file.getFileName().toString(), 0))
                        .toList());
    }

    private interface Work {
        void on(ImageData.Encoded image);
    }

    /**
     * @param arguments the folder; then, optionally, a folder of the same images that {@code data pack --raw} made
     */
    public static void main(String[] arguments) throws IOException {
        PhotographThroughput all = new PhotographThroughput(Path.of(arguments[0]));
        all.measure("decode", PhotographThroughput::decode);
        // The training transform comes first, so that the JIT compiler sees the same profile as in training.
        all.measure(
                "decode + training",
                all.through(PhotographTransform.training(SIDE, false, false, Normalization.IMAGENET)));
        all.load(1);
        all.load(2);
        all.measure("decode + evaluation", all.through(PhotographTransform.evaluation(SIDE, Normalization.IMAGENET)));
        all.measure(
                "decode + training + jitter + lighting",
                all.through(PhotographTransform.training(SIDE, true, true, Normalization.IMAGENET)));
        if (arguments.length > 1) {
            Dataset raw = RawDataset.read(Path.of(arguments[1]), OptionalInt.empty(), true)
                    .get(0);
            all.measure(
                    "raw images + training",
                    all.through(raw, PhotographTransform.training(SIDE, false, false, Normalization.IMAGENET)));
            all.measure(
                    "raw images + training + jitter + lighting",
                    all.through(raw, PhotographTransform.training(SIDE, true, true, Normalization.IMAGENET)));
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static List<ImageData.Encoded> read(List<Path> files) throws IOException {
        List<ImageData.Encoded> images = new ArrayList<>();
        for (Path file : files) {
            images.add(new ImageData.Encoded(file.toString(), Files.readAllBytes(file)));
        }
        return images;
    }

    private static void decode(ImageData.Encoded image) {
        try (PixelSource source = ImageCodec.open(image)) {
            if (source.width() == 0) {
                throw new IllegalStateException();
            }
        }
    }

    private Work through(ImageTransform transform) {
        return image -> transform.apply(image, KeyedRandom.of(key++), out.clear());
    }

    /** Takes the images of a dataset in turns instead of the given ones. */
    private Work through(Dataset images, ImageTransform transform) {
        return ignored ->
                transform.apply(images.image((int) (key % images.size())), KeyedRandom.of(key++), out.clear());
    }

    /** The best of several rounds; the others were disturbed or not compiled yet. */
    private void measure(String name, Work work) {
        double cpu = 0;
        double wall = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long cpuStart = THREADS.getCurrentThreadCpuTime();
            long wallStart = System.nanoTime();
            for (int i = 0; i < IMAGES; i++) {
                work.on(images.get(i % images.size()));
            }
            cpu = Math.max(cpu, IMAGES * 1e9 / (THREADS.getCurrentThreadCpuTime() - cpuStart));
            wall = Math.max(wall, IMAGES * 1e9 / (System.nanoTime() - wallStart));
        }
        report(name, cpu, wall);
    }

    /** Like {@link #measure}, but through the loader and with the CPU time of the whole process. */
    private void load(int threads) {
        ImageTransform transform = PhotographTransform.training(SIDE, false, false, Normalization.IMAGENET);
        Iterator<BatchRequest> requests = IntStream.range(0, ROUNDS * BATCHES)
                .mapToObj(step -> new BatchRequest(step, 0, 0, samples(step)))
                .iterator();
        double cpu = 0;
        double wall = 0;
        try (BatchLoader loader = new BatchLoader(folder, transform, 1, threads, 2 * threads, requests)) {
            for (int round = 0; round < ROUNDS; round++) {
                long cpuStart = PROCESS.getProcessCpuTime();
                long wallStart = System.nanoTime();
                for (int batch = 0; batch < BATCHES; batch++) {
                    loader.next().orElseThrow().close();
                }
                cpu = Math.max(cpu, IMAGES * 1e9 / (PROCESS.getProcessCpuTime() - cpuStart));
                wall = Math.max(wall, IMAGES * 1e9 / (System.nanoTime() - wallStart));
            }
        }
        report("loader, training, threads = " + threads, cpu, wall);
    }

    private static void report(String name, double cpu, double wall) {
        System.out.printf(Locale.ROOT, "%-42s %6.0f images/s of CPU %6.0f of wall time%n", name, cpu, wall);
    }

    private int[] samples(int step) {
        return IntStream.range(0, BATCH)
                .map(i -> (step * BATCH + i) % images.size())
                .toArray();
    }
}
