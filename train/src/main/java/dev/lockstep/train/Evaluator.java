package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.BufferPool;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.Replica;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Measures a network on every image of a dataset exactly once. The dataset is divided into fixed batches, and batch b
 * belongs to process b mod P; the results of the batches are gathered before they are added up, so the total does not
 * depend on P. The host reads the device once, when all batches are measured.
 */
final class Evaluator {
    /** The results of a batch, in order. */
    private static final int LOSS = 0;

    private static final int WRONG_1 = 1;
    private static final int WRONG_5 = 2;
    private static final int REPLACED = 3;
    private static final int RESULTS = 4;

    private final Device device;
    private final List<Replica> replicas;
    private final LaneThreads threads;
    private Collective collective;
    private final int imagesPerBatch;
    private final int imagesPerPass;
    private final int loaderThreads;
    private final int readAhead;
    private final BufferPool buffers;

    /**
     * @param imagesPerPass the largest number of images that go through the network at once; if it is that of a
     *     training step, an evaluation needs no memory beyond a step's
     */
    Evaluator(
            List<ImageClassifier> classifiers,
            FlatState state,
            LaneThreads threads,
            Collective collective,
            double epsilon,
            int imagesPerBatch,
            int imagesPerPass,
            int loaderThreads) {
        this.device = state.device();
        this.replicas = classifiers.stream()
                .map(classifier -> Replica.evaluation(classifier, state, epsilon))
                .toList();
        this.threads = threads;
        this.collective = collective;
        this.imagesPerBatch = imagesPerBatch;
        this.imagesPerPass = imagesPerPass;
        this.loaderThreads = loaderThreads;
        this.readAhead = 2 * replicas.size() + 2;
        this.buffers = new BufferPool(readAhead + loaderThreads);
    }

    /**
     * @param top1Error fraction in [0, 1]
     * @param top5Error fraction in [0, 1]; NaN if there are at most 5 classes
     * @param loss mean cross-entropy
     * @param replaced the bad images that were replaced, by index, each with the reason
     */
    record Result(double top1Error, double top5Error, double loss, SortedMap<Integer, String> replaced) {}

    /** Continues with another group. */
    void regroup(Collective next) {
        collective = next;
    }

    Result evaluate(Dataset dataset, ImageTransform transform, BadImages badImages) {
        return evaluate(dataset, transform, badImages, () -> false).orElseThrow();
    }

    /**
     * @param stop whether this process was asked to stop; if so, it evaluates no more batches
     * @return empty, on every process, if any of them was asked to stop
     */
    Optional<Result> evaluate(Dataset dataset, ImageTransform transform, BadImages badImages, BooleanSupplier stop) {
        int batches = (dataset.size() + imagesPerBatch - 1) / imagesPerBatch;
        List<BatchRequest> own = new ArrayList<>();
        for (int b = collective.rank(); b < batches; b += collective.size()) {
            own.add(request(b, dataset.size()));
        }
        Queue<Integer> replaced = new ConcurrentLinkedQueue<>();
        float[] all;
        try (StepScope scope = new StepScope();
                BatchLoader loader = new BatchLoader(
                        dataset, transform, badImages, 0, loaderThreads, readAhead, own.iterator(), buffers)) {
            // After the batches' results: how many processes were asked to stop.
            Tensor results = device.zeros((long) batches * RESULTS + 1);
            threads.runAll(replicas.size(), lane -> {
                while (!stop.getAsBoolean()) {
                    Optional<HostBatch> next = loader.next();
                    if (next.isEmpty()) {
                        return;
                    }
                    try (HostBatch batch = next.get()) {
                        replaced.addAll(batch.replaced());
                        measure(replicas.get(lane), batch, results);
                    }
                }
            });
            if (stop.getAsBoolean()) {
                results.narrow(0, (long) batches * RESULTS, 1).fill_(new Scalar(1.0));
            }
            device.onHost(results, collective::allReduceSum);
            all = device.read(results);
        }
        if (all[batches * RESULTS] > 0) {
            return Optional.empty();
        }
        boolean anyReplaced = IntStream.range(0, batches).anyMatch(b -> all[b * RESULTS + REPLACED] > 0);
        return Optional.of(total(
                all,
                batches,
                dataset,
                anyReplaced ? ReplacedImages.gather(collective, replaced, badImages) : Collections.emptySortedMap()));
    }

    private BatchRequest request(int batch, int size) {
        int from = batch * imagesPerBatch;
        int[] samples = new int[Math.min(imagesPerBatch, size - from)];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = from + i;
        }
        return new BatchRequest(batch, 0, 0, samples);
    }

    /** Divided into passes of nearly equal size: a last pass of few images would be slow for its size. */
    private void measure(Replica replica, HostBatch batch, Tensor results) {
        int size = batch.size();
        int passes = (size + imagesPerPass - 1) / imagesPerPass;
        try (StepScope scope = new StepScope();
                AutoGradMode noGradients = new AutoGradMode(false)) {
            DeviceBatch input = DeviceBatch.of(device, batch);
            Tensor sums = device.zeros(RESULTS).to(ScalarType.Double);
            for (int pass = 0; pass < passes; pass++) {
                int from = size * pass / passes;
                try (StepScope passScope = new StepScope()) {
                    add(sums, replica, input.part(from, size * (pass + 1) / passes - from));
                }
            }
            sums.narrow(0, REPLACED, 1)
                    .fill_(new Scalar((double) batch.replaced().size()));
            results.narrow(0, batch.request().step() * RESULTS, RESULTS).copy_(sums);
        }
    }

    private static void add(Tensor sums, Replica replica, DeviceBatch images) {
        Tensor logits = replica.forward(images.images());
        Tensor mean = torch.cross_entropy_loss(logits, images.labels()).to(ScalarType.Double);
        Tensor ahead = Classification.ahead(logits, images.labels());
        long classes = logits.size(1);
        sums.narrow(0, LOSS, 1)
                .add_(mean.mul(new Scalar((double) images.labels().numel())));
        sums.narrow(0, WRONG_1, 1).add_(Classification.wrong(ahead, classes, 1));
        sums.narrow(0, WRONG_5, 1).add_(Classification.wrong(ahead, classes, 5));
    }

    private static Result total(float[] results, int batches, Dataset dataset, SortedMap<Integer, String> replaced) {
        double loss = 0;
        double wrong1 = 0;
        double wrong5 = 0;
        for (int at = 0; at < batches * RESULTS; at += RESULTS) {
            loss += results[at + LOSS];
            wrong1 += results[at + WRONG_1];
            wrong5 += results[at + WRONG_5];
        }
        double images = dataset.size();
        boolean hasTop5 = dataset.classNames().size() > 5;
        return new Result(wrong1 / images, hasTop5 ? wrong5 / images : Double.NaN, loss / images, replaced);
    }
}
