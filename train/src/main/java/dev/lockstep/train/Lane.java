package dev.lockstep.train;

import dev.lockstep.image.HostBatch;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.Replica;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.train.Contribution.Bucket;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * One compute thread's share of a process: a replica of the network with a contribution buffer of its own. A lane computes
 * one worker at a time: forward, the loss with its 1/k, backward; each bucket goes to the sum as soon as backward has
 * filled it.
 */
final class Lane {
    private final Contribution contribution;
    private final LocalSum sum;
    private final int workers;
    private final BooleanSupplier stopRequested;
    private final Tensor buffer;
    private final FloatBuffer tail;
    private final Tensor[] parts;
    private final Replica replica;

    private final int[] slotsInBucket;
    private final int[] reached;
    private int previousSlot;
    private int nextBucket;
    private int leaf;
    private double squaredNorm;

    /**
     * @param workers k, over all processes: the loss of each is divided by it
     */
    Lane(
            ImageClassifier classifier,
            FlatState state,
            Contribution contribution,
            LocalSum sum,
            int workers,
            double epsilon,
            BooleanSupplier stopRequested) {
        this.contribution = contribution;
        this.sum = sum;
        this.workers = workers;
        this.stopRequested = stopRequested;
        this.buffer = StepScope.keep(torch.zeros(contribution.floats()));
        FloatBuffer all = Tensors.buffer(buffer);
        this.tail = all.slice((int) contribution.tailOffset(), Contribution.TAIL);
        this.parts = contribution.buckets().stream()
                .map(bucket -> StepScope.keep(bucket.of(buffer)))
                .toArray(Tensor[]::new);
        this.slotsInBucket = new int[parts.length];
        for (int slot = 0; slot < contribution.slots(); slot++) {
            slotsInBucket[contribution.bucketOf(slot)]++;
        }
        this.reached = new int[parts.length];
        this.replica = Replica.training(classifier, state, buffer, epsilon, this::onGradient);
    }

    /**
     * Computes one worker and adds its contribution to the sum.
     *
     * @param leaf the worker's number within this process
     * @return the worker's mean loss over its n images; NaN when its gradient is not finite
     */
    double compute(int leaf, HostBatch batch) {
        this.leaf = leaf;
        this.previousSlot = -1;
        this.nextBucket = 0;
        this.squaredNorm = 0;
        Arrays.fill(reached, 0);
        try (StepScope scope = new StepScope()) {
            buffer.zero_();
            Tensor logits = replica.forward(Tensors.images(batch));
            Tensor loss = torch.cross_entropy_loss(logits, Tensors.labels(batch));
            loss.mul(new Scalar(1.0 / workers)).backward();
            double mean = loss.item_float();
            finish(
                    mean,
                    Classification.wrong(logits, batch.labels(), 1),
                    batch.replaced().size());
            return Double.isFinite(squaredNorm) ? mean : Double.NaN;
        }
    }

    /**
     * Called when backward is about to add to the gradient of a slot: the slot before it is complete then. A bucket whose
     * slots are all complete leaves, in the order of the buckets.
     */
    private void onGradient(int slot) {
        if (previousSlot >= 0) {
            reached[contribution.bucketOf(previousSlot)]++;
        }
        previousSlot = slot;
        while (nextBucket < parts.length - 1 && reached[nextBucket] == slotsInBucket[nextBucket]) {
            send(nextBucket++);
        }
    }

    private void finish(double loss, int wrong, int replaced) {
        while (nextBucket < parts.length - 1) {
            send(nextBucket++);
        }
        squaredNorm += squaredNorm(nextBucket);
        // The gradient is of loss / k; the norm is that of the worker's own mean loss.
        double scale = (double) workers * workers;
        tail.put(Contribution.LOSS, (float) (loss / workers));
        tail.put(Contribution.WRONG, wrong);
        tail.put(Contribution.SQUARED_NORM, (float) (squaredNorm * scale / workers));
        tail.put(Contribution.STOP, stopRequested.getAsBoolean() ? 1 : 0);
        tail.put(Contribution.REPLACED, replaced);
        add(nextBucket);
    }

    private void send(int bucket) {
        squaredNorm += squaredNorm(bucket);
        add(bucket);
    }

    private void add(int bucket) {
        sum.add(leaf, contribution.buckets().get(bucket), parts[bucket]);
    }

    private double squaredNorm(int bucket) {
        Bucket shape = contribution.buckets().get(bucket);
        return Norms.squared(parts[bucket].narrow(0, 0, shape.gradients()));
    }
}
