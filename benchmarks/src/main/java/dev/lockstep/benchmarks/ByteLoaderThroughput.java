package dev.lockstep.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.BytePixels;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.transform.PhotographTransform;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The rate at which a core delivers batches of bytes for a card ({@code data.pixels: byte}), from JPEG files and from images that
 * are decoded already, and the rate of the copy into the memory from which a card takes them. In images per second of CPU time,
 * which other work on the machine affects little. Takes a folder of JPEG files, as {@code photographs.sh} makes one.
 */
public final class ByteLoaderThroughput {
    private static final int SIDE = 224;
    private static final int BATCH = 64;
    private static final int BATCHES = 12;
    private static final int ROUNDS = 4;
    private static final int DECODED = 256;
    /** What one card is expected to train in a second: ResNet-50 on an H100, in bf16. */
    private static final double NEEDED = 4300;

    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private ByteLoaderThroughput() {}

    /** Images that are repeated. */
    private record Repeated(List<ImageData> images) implements Dataset {
        @Override
        public int size() {
            return BATCH * BATCHES;
        }

        @Override
        public int label(int index) {
            return 0;
        }

        @Override
        public ImageData image(int index) {
            return images.get(index % images.size());
        }

        @Override
        public List<String> classNames() {
            return List.of("photograph");
        }

        @Override
        public String fingerprint() {
            return "";
        }
    }

    /** @param arguments the folder */
    public static void main(String[] arguments) throws IOException {
        List<ImageData> files = new ArrayList<>();
        List<ImageData> decoded = new ArrayList<>();
        try (Stream<Path> folder = Files.list(Path.of(arguments[0]))) {
            for (Path file : folder.sorted().toList()) {
                ImageData.Encoded image = new ImageData.Encoded(file.toString(), Files.readAllBytes(file));
                files.add(image);
                decoded.add(center(image));
            }
        }
        ImageTransform bytes = new BytePixels(PhotographTransform.training(SIDE, false, false, Normalization.IMAGENET));
        measure("JPEG files of 500 × 375", new Repeated(files), bytes);
        measure("decoded images of 256 × 256", new Repeated(decoded), bytes);
        copies();
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    /** The middle, as a packed dataset of pixels would have it. */
    private static ImageData center(ImageData.Encoded image) {
        try (PixelSource source = ImageCodec.open(image)) {
            int side = Math.min(DECODED, Math.min(source.width(), source.height()));
            float[][] rows = new float[side][side * 3];
            source.read((source.width() - side) / 2, (source.height() - side) / 2, side, side, rows);
            byte[] values = new byte[side * side * 3];
            for (int i = 0; i < values.length; i++) {
                // Casts keep the low 8 bits.
                values[i] = (byte) (int) rows[i / (side * 3)][i % (side * 3)];
            }
            return new ImageData.Pixels(side, side, 3, values);
        }
    }

    /** The best round; the others were disturbed or not compiled yet. */
    private static void measure(String name, Dataset images, ImageTransform transform) {
        for (int threads = 1; threads <= Runtime.getRuntime().availableProcessors(); threads *= 2) {
            double cpu = 0;
            double wall = 0;
            Iterator<BatchRequest> requests = IntStream.range(0, ROUNDS * BATCHES)
                    .mapToObj(step -> new BatchRequest(step, 0, 0, samples(step)))
                    .iterator();
            try (BatchLoader loader = new BatchLoader(images, transform, 1, threads, 2 * threads, requests)) {
                for (int round = 0; round < ROUNDS; round++) {
                    long cpuStart = PROCESS.getProcessCpuTime();
                    long wallStart = System.nanoTime();
                    for (int batch = 0; batch < BATCHES; batch++) {
                        try (HostBatch taken = loader.next().orElseThrow()) {
                            if (taken.bytes().isEmpty()) {
                                throw new IllegalStateException("the loader delivers floats");
                            }
                        }
                    }
                    cpu = Math.max(cpu, images.size() * 1e9 / (PROCESS.getProcessCpuTime() - cpuStart));
                    wall = Math.max(wall, images.size() * 1e9 / (System.nanoTime() - wallStart));
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "%-28s threads = %d: %5.0f images/s of CPU, %5.0f of wall time; %.0f images/s need %.1f cores%n",
                    name,
                    threads,
                    cpu,
                    wall,
                    NEEDED,
                    NEEDED / cpu);
        }
    }

    private static int[] samples(int step) {
        return IntStream.range(0, BATCH)
                .map(i -> (step * BATCH + i) % (BATCH * BATCHES))
                .toArray();
    }

    /** The lane's copy of a batch into pinned memory, here into memory that is not. */
    private static void copies() {
        ByteBuffer from = ByteBuffer.allocateDirect(BATCH * SIDE * SIDE * 3);
        ByteBuffer to = ByteBuffer.allocateDirect(BATCH * SIDE * SIDE * 3);
        double best = 0;
        for (int round = 0; round < 10 * ROUNDS; round++) {
            long start = System.nanoTime();
            to.clear().put(from.clear());
            best = Math.max(best, BATCH * 1e9 / (System.nanoTime() - start));
        }
        System.out.printf(Locale.ROOT, "copy of a batch: %.0f images/s%n", best);
    }
}
