package dev.lockstep.model;

import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Computes workers one after another. Where the device can record operations, it does so after a few workers, and later ones
 * are replayed: then forward, loss and backward are one call.
 */
abstract class RecordingPass implements WorkerPass {
    /** Libraries choose algorithms and allocate workspaces in the first calls. */
    private static final int WARM_UP = 3;

    private static final IntConsumer NOBODY = slot -> {};

    private final Device device;
    private final boolean records;
    /** Slots that get gradients. */
    private final List<Integer> trained;

    private final IntConsumer onComplete;
    private int computed;
    private @Nullable Recorded recorded;

    /** Operations on tensors that stay where they are. */
    private record Recorded(
            Device.Recording recording, Tensor images, Tensor labels, int workers, AtomicReference<Outcome> made) {
        Outcome outcome() {
            return Objects.requireNonNull(made.get());
        }

        boolean fits(Tensor others, int divisor) {
            return workers == divisor && Arrays.equals(others.shape(), images.shape());
        }
    }

    /**
     * @param records whether the pass may be recorded
     * @param trained slots that get gradients
     */
    RecordingPass(Device device, boolean records, List<Integer> trained, IntConsumer onComplete) {
        this.device = device;
        this.records = records;
        this.trained = trained;
        this.onComplete = onComplete;
    }

    /**
     * Forward, loss and backward.
     *
     * @param onComplete to be called with each slot that gets a gradient when that is complete
     */
    abstract Outcome forwardAndBackward(
            Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits, IntConsumer onComplete);

    @Override
    public void parametersChanged() {
        // The parameters are views of the shared ones.
    }

    @Override
    public Outcome compute(Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits) {
        if (records && recorded == null && computed++ == WARM_UP) {
            recorded = record(images, labels, workers, onLogits);
        }
        Recorded replayed = recorded;
        if (replayed == null || !replayed.fits(images, workers)) {
            return forwardAndBackward(images, labels, workers, onLogits, onComplete);
        }
        // Before, because a label outside the classes would end a device for good. The logits have their shape already.
        onLogits.accept(replayed.outcome().logits());
        replayed.images.copy_(images);
        replayed.labels.copy_(labels);
        replayed.recording.replay();
        trained.forEach(onComplete::accept);
        return replayed.outcome();
    }

    private @Nullable Recorded record(Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits) {
        try (StepScope scope = new StepScope()) {
            Tensor ownImages = StepScope.keep(images.clone());
            Tensor ownLabels = StepScope.keep(labels.clone());
            AtomicReference<Outcome> outcome = new AtomicReference<>();
            Device.Recording recording = device.record(() -> {
                        try (StepScope work = new StepScope()) {
                            Outcome made = forwardAndBackward(ownImages, ownLabels, workers, onLogits, NOBODY);
                            outcome.set(new Outcome(StepScope.keep(made.logits()), StepScope.keep(made.loss())));
                        }
                    })
                    .orElse(null);
            if (recording == null) {
                ownImages.close();
                ownLabels.close();
                return null;
            }
            return new Recorded(recording, ownImages, ownLabels, workers, outcome);
        }
    }

    @Override
    public void close() {
        Recorded closing = recorded;
        recorded = null;
        if (closing != null) {
            closing.recording.close();
            closing.images.close();
            closing.labels.close();
            closing.outcome().logits().close();
            closing.outcome().loss().close();
        }
    }
}
