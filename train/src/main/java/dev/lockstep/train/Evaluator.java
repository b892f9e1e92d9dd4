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
import java.util.BitSet;
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
import org.jspecify.annotations.Nullable;

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

    /** Hears the answers of the network. */
    interface Listener {
        /** Nobody. */
        Listener NONE = (batch, from, logits) -> {};

        /**
         * Called by several lanes.
         *
         * @param from position in the batch of the first of these images
         * @param logits images × classes
         */
        void seen(HostBatch batch, int from, Tensor logits);
    }

    private final Device device;
    private final List<Replica> replicas;
    private final LaneThreads threads;
    private Collective collective;
    private @Nullable Partial partial;
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

    /**
     * What this process has measured of an evaluation that was not completed: its group changed.
     *
     * @param step the state that is evaluated
     * @param results {@value #RESULTS} numbers for each batch, zero where another process has measured it
     * @param done the batches that this process has measured
     */
    private record Partial(long step, Tensor results, BitSet done, Queue<Integer> replaced) {
        void add(HostBatch batch, Tensor sums) {
            int number = Math.toIntExact(batch.request().step());
            results.narrow(0, (long) number * RESULTS, RESULTS).copy_(sums);
            replaced.addAll(batch.replaced());
            synchronized (done) {
                done.set(number);
            }
        }
    }

    /** What an evaluation came to: it has a result, or any process was asked to stop, or the group is to change. */
    record Outcome(Optional<Result> result, boolean stop) {}

    Result evaluate(Dataset dataset, ImageTransform transform, BadImages badImages, Listener listener) {
        return evaluate(0, dataset, transform, badImages, () -> false, listener)
                .result()
                .orElseThrow();
    }

    /**
     * Continues where it was when the group changed: the batches that no process has measured are divided anew.
     *
     * @param step the state that is evaluated
     * @param stop whether this process was asked to stop; if so, it evaluates no more batches
     * @return the same on every process
     */
    Outcome evaluate(long step, Dataset dataset, ImageTransform transform, BadImages badImages, BooleanSupplier stop) {
        return evaluate(step, dataset, transform, badImages, stop, Listener.NONE);
    }

    private Outcome evaluate(
            long step,
            Dataset dataset,
            ImageTransform transform,
            BadImages badImages,
            BooleanSupplier stop,
            Listener listener) {
        int batches = (dataset.size() + imagesPerBatch - 1) / imagesPerBatch;
        Partial own = partial(step, batches);
        List<BatchRequest> missing = missing(own, batches).stream()
                .map(batch -> request(batch, dataset.size()))
                .toList();
        float[] all;
        try (StepScope scope = new StepScope();
                BatchLoader loader = new BatchLoader(
                        dataset, transform, badImages, 0, loaderThreads, readAhead, missing.iterator(), buffers)) {
            threads.runAll(replicas.size(), lane -> {
                while (!stop.getAsBoolean() && !collective.isChangeDue()) {
                    Optional<HostBatch> next = loader.next();
                    if (next.isEmpty()) {
                        return;
                    }
                    try (HostBatch batch = next.get()) {
                        measure(replicas.get(lane), batch, dataset.classNames().size(), own, listener);
                    }
                }
            });
            Tensor sum = own.results.clone();
            // After the batches' results: how many processes were asked to stop, and how many know of a change.
            request(sum, batches * RESULTS, stop.getAsBoolean());
            request(sum, batches * RESULTS + 1, collective.isChangeDue());
            device.onHost(sum, collective::allReduceSum);
            all = device.read(sum);
        }
        boolean stopping = all[batches * RESULTS] > 0;
        if (stopping || all[batches * RESULTS + 1] > 0) {
            return new Outcome(Optional.empty(), stopping);
        }
        boolean anyReplaced = IntStream.range(0, batches).anyMatch(b -> all[b * RESULTS + REPLACED] > 0);
        Result result = total(
                all,
                batches,
                dataset,
                anyReplaced
                        ? ReplacedImages.gather(collective, own.replaced, badImages)
                        : Collections.emptySortedMap());
        forget();
        return new Outcome(Optional.of(result), false);
    }

    private static void request(Tensor sum, int at, boolean made) {
        if (made) {
            sum.narrow(0, at, 1).fill_(new Scalar(1.0));
        }
    }

    private Partial partial(long step, int batches) {
        Partial found = partial;
        if (found == null || found.step != step) {
            forget();
            Tensor results = StepScope.keep(device.zeros((long) batches * RESULTS + 2));
            found = new Partial(step, results, new BitSet(batches), new ConcurrentLinkedQueue<>());
            partial = found;
        }
        return found;
    }

    private void forget() {
        if (partial != null) {
            partial.results.close();
            partial = null;
        }
    }

    /** This process's share of the batches that no process has measured. */
    private List<Integer> missing(Partial own, int batches) {
        BitSet done = new BitSet(batches);
        collective.allGather(own.done.toByteArray()).forEach(bits -> done.or(BitSet.valueOf(bits)));
        List<Integer> share = new ArrayList<>();
        int number = 0;
        for (int batch = done.nextClearBit(0); batch < batches; batch = done.nextClearBit(batch + 1)) {
            if (number++ % collective.size() == collective.rank()) {
                share.add(batch);
            }
        }
        return share;
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
    private void measure(Replica replica, HostBatch batch, int classes, Partial own, Listener listener) {
        int size = batch.size();
        int passes = (size + imagesPerPass - 1) / imagesPerPass;
        try (StepScope scope = new StepScope();
                AutoGradMode noGradients = new AutoGradMode(false)) {
            DeviceBatch input = DeviceBatch.of(device, batch);
            Tensor sums = device.zeros(RESULTS).to(ScalarType.Double);
            for (int pass = 0; pass < passes; pass++) {
                int from = size * pass / passes;
                try (StepScope passScope = new StepScope()) {
                    DeviceBatch images = input.part(from, size * (pass + 1) / passes - from);
                    Tensor logits = replica.forward(images.images());
                    Classification.requireFit(logits, batch, classes);
                    add(sums, logits, images.labels());
                    listener.seen(batch, from, logits);
                }
            }
            sums.narrow(0, REPLACED, 1)
                    .fill_(new Scalar((double) batch.replaced().size()));
            own.add(batch, sums);
        }
    }

    private static void add(Tensor sums, Tensor logits, Tensor labels) {
        Tensor mean = torch.cross_entropy_loss(logits, labels).to(ScalarType.Double);
        Tensor ahead = Classification.ahead(logits, labels);
        long classes = logits.size(1);
        sums.narrow(0, LOSS, 1).add_(mean.mul(new Scalar((double) labels.numel())));
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
