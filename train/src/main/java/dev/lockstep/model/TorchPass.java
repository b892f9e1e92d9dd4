package dev.lockstep.model;

import dev.lockstep.torch.Arithmetic;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Forward and backward by libtorch's autograd, for any module. Where the device can record operations, it does so after a few
 * workers, and later ones are replayed: then forward, loss and backward are one call.
 */
final class TorchPass implements WorkerPass {
    private static final int NONE = -1;

    /** Libraries choose algorithms and allocate workspaces in the first calls. */
    private static final int WARM_UP = 3;

    private final Device device;
    private final Arithmetic arithmetic;
    private final Tensor gradients;
    private final IntConsumer onComplete;
    private final Replica replica;
    /** Slots that get gradients. */
    private final List<Integer> trained;

    private int previous = NONE;
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

    TorchPass(ImageClassifier classifier, Engine.Input input) {
        this.device = input.state().device();
        this.arithmetic = Arithmetic.valueOf(input.precision().name());
        this.gradients = input.gradients();
        this.onComplete = input.onComplete();
        this.trained = IntStream.range(0, input.state().layout().slots().size())
                .filter(slot ->
                        !input.groups().isFrozen(input.state().layout().slots().get(slot)))
                .boxed()
                .toList();
        this.replica = Replica.training(
                classifier,
                input.state(),
                gradients,
                input.statistics(),
                input.epsilon(),
                input.groups(),
                this::onGradient);
    }

    @Override
    public void parametersChanged() {
        // The replica's parameters are views of the shared ones.
    }

    @Override
    public Outcome compute(Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits) {
        if (recorded == null && computed++ == WARM_UP && !device.hooksRunInCaller()) {
            recorded = record(images, labels, workers, onLogits);
        }
        Recorded replayed = recorded;
        if (replayed == null || !replayed.fits(images, workers)) {
            Outcome outcome = forwardAndBackward(images, labels, workers, onLogits);
            complete();
            return outcome;
        }
        // Before, because a label outside the classes would end a device for good. The logits have their shape already.
        onLogits.accept(replayed.outcome().logits());
        replayed.images.copy_(images);
        replayed.labels.copy_(labels);
        replayed.recording.replay();
        complete();
        return replayed.outcome();
    }

    private void complete() {
        if (device.hooksRunInCaller()) {
            onGradient(NONE);
        } else {
            trained.forEach(onComplete::accept);
        }
    }

    private Outcome forwardAndBackward(Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits) {
        previous = NONE;
        gradients.zero_();
        Tensor logits;
        Tensor loss;
        try (Device.Casting casting = device.casting(arithmetic)) {
            logits = replica.forward(images);
            onLogits.accept(logits);
            loss = torch.cross_entropy_loss(logits, labels);
        }
        loss.mul(new Scalar(1.0 / workers)).backward();
        return new Outcome(logits, loss);
    }

    private @Nullable Recorded record(Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits) {
        try (StepScope scope = new StepScope()) {
            Tensor ownImages = StepScope.keep(images.clone());
            Tensor ownLabels = StepScope.keep(labels.clone());
            AtomicReference<Outcome> outcome = new AtomicReference<>();
            Device.Recording recording = device.record(() -> {
                        try (StepScope work = new StepScope()) {
                            Outcome made = forwardAndBackward(ownImages, ownLabels, workers, onLogits);
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

    /** Called when backward is about to add to the gradient of a slot: by then the previous slot is complete. */
    private void onGradient(int slot) {
        if (previous != NONE) {
            onComplete.accept(previous);
        }
        previous = slot;
    }

    @Override
    public void close() {
        // The module lives as long as its classifier.
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
