package dev.lockstep.train;

import static dev.lockstep.train.GradientBuffer.CHANGE;
import static dev.lockstep.train.GradientBuffer.LOSS;
import static dev.lockstep.train.GradientBuffer.REPLACED;
import static dev.lockstep.train.GradientBuffer.SQUARED_NORM;
import static dev.lockstep.train.GradientBuffer.STOP;
import static dev.lockstep.train.GradientBuffer.WRONG;
import static dev.lockstep.train.GradientBuffer.number;

import dev.lockstep.image.HostBatch;
import dev.lockstep.model.Engine;
import dev.lockstep.model.Engines;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.WorkerPass;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.train.GradientBuffer.Bucket;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One compute thread's share of a process: a replica of the network with its own gradient buffer. A lane computes one
 * worker at a time: forward, the loss divided by k, backward; each bucket is added to the sum as soon as backward has
 * filled it. The lane reads no tensor, so the thread can run ahead of its device.
 */
final class Lane implements AutoCloseable {
    private final Device device;
    private final GradientBuffer layout;
    private final LocalSum sum;
    private final int workers;
    private final int classes;
    private final BooleanSupplier stopRequested;
    private final BooleanSupplier changeDue;
    private final Tensor buffer;
    private final Tensor[] parts;
    private final Tensor tail;
    /** |g|² of this worker's buckets so far; one float64. */
    private final Tensor squaredNorm;

    private final WorkerPass pass;

    private final int[] slotsInBucket;
    private final int[] reached;
    private int nextBucket;
    private int leaf;

    Lane(
            ImageClassifier classifier,
            FlatState state,
            GradientBuffer layout,
            LocalSum sum,
            Recipe recipe,
            LayerGroups groups,
            int classes,
            BooleanSupplier stopRequested,
            BooleanSupplier changeDue) {
        this.device = state.device();
        this.layout = layout;
        this.sum = sum;
        this.workers = recipe.workers();
        this.classes = classes;
        this.stopRequested = stopRequested;
        this.changeDue = changeDue;
        this.buffer = StepScope.keep(device.zeros(layout.floats()));
        this.parts = layout.buckets().stream()
                .map(bucket -> StepScope.keep(bucket.of(buffer)))
                .toArray(Tensor[]::new);
        Tensor last = parts[parts.length - 1];
        this.tail = StepScope.keep(layout.tail(last));
        this.squaredNorm = StepScope.keep(device.zeros(1).to(ScalarType.Double));
        this.slotsInBucket = new int[parts.length];
        for (int slot = 0; slot < layout.slots(); slot++) {
            slotsInBucket[layout.bucketOf(slot)] +=
                    groups.isFrozen(state.layout().slots().get(slot)) ? 0 : 1;
        }
        this.reached = new int[parts.length];
        this.pass = Engines.pass(
                recipe,
                classifier,
                new Engine.Input(
                        state,
                        StepScope.keep(layout.gradients(buffer)),
                        StepScope.keep(layout.statistics(last)),
                        recipe.batchNorm().epsilon(),
                        recipe.imagesPerWorker(),
                        recipe.threadsPerWorker(),
                        recipe.precision(),
                        groups,
                        this::onGradient));
    }

    @Override
    public void close() {
        pass.close();
    }

    /** Called between steps, once the parameters have changed. */
    void parametersChanged() {
        pass.parametersChanged();
    }

    /**
     * Computes one worker and adds its buffer to the sum.
     *
     * @param leaf the worker's number within this process
     * @param ownTail receives the tail of this worker alone
     */
    void compute(int leaf, HostBatch batch, Tensor ownTail) {
        this.leaf = leaf;
        this.nextBucket = 0;
        Arrays.fill(reached, 0);
        try (StepScope scope = new StepScope()) {
            tail.zero_();
            squaredNorm.zero_();
            DeviceBatch input = DeviceBatch.of(device, batch);
            WorkerPass.Outcome outcome = pass.compute(
                    input.images(),
                    input.labels(),
                    workers,
                    logits -> Classification.requireFit(logits, batch, classes));
            while (nextBucket < parts.length - 1) {
                send();
            }
            addSquaredNorm();
            fillTail(
                    outcome.loss(),
                    outcome.logits(),
                    input.labels(),
                    batch.replaced().size());
            ownTail.copy_(tail);
            addToSum();
        }
    }

    /** Called when the gradient of a slot is complete. A bucket whose slots are all complete is sent, in their order. */
    private void onGradient(int slot) {
        reached[layout.bucketOf(slot)]++;
        while (nextBucket < parts.length - 1 && reached[nextBucket] == slotsInBucket[nextBucket]) {
            send();
        }
    }

    /** Sends the next bucket. */
    private void send() {
        addSquaredNorm();
        addToSum();
        nextBucket++;
    }

    private void addSquaredNorm() {
        Tensor gradients = bucket().gradientsOf(parts[nextBucket]);
        squaredNorm.add_(gradients.dot(gradients));
    }

    private void addToSum() {
        sum.add(leaf, bucket(), parts[nextBucket]);
    }

    private Bucket bucket() {
        return layout.buckets().get(nextBucket);
    }

    /** Computed in float64 and rounded once. The rest of the tail is zero. */
    private void fillTail(Tensor loss, Tensor logits, Tensor labels, int replaced) {
        Scalar k = new Scalar((double) workers);
        number(tail, LOSS).copy_(loss.detach().to(ScalarType.Double).div(k));
        number(tail, WRONG).copy_(Classification.wrong(Classification.ahead(logits, labels), logits.size(1), 1));
        // The gradient is of loss / k; the norm is that of the worker's own mean loss.
        Scalar square = new Scalar((double) workers * workers);
        number(tail, SQUARED_NORM).copy_(squaredNorm.mul(square).div(k));
        if (stopRequested.getAsBoolean()) {
            number(tail, STOP).fill_(new Scalar(1.0));
        }
        if (changeDue.getAsBoolean()) {
            number(tail, CHANGE).fill_(new Scalar(1.0));
        }
        if (replaced > 0) {
            number(tail, REPLACED).fill_(new Scalar((double) replaced));
        }
    }
}
