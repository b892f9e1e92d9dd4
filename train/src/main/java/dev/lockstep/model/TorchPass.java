package dev.lockstep.model;

import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Forward and backward by libtorch's autograd, for any module. */
final class TorchPass implements WorkerPass {
    private static final int NONE = -1;

    private final Tensor gradients;
    private final IntConsumer onComplete;
    private final Replica replica;
    private int previous = NONE;

    TorchPass(ImageClassifier classifier, Engine.Input input) {
        this.gradients = input.gradients();
        this.onComplete = input.onComplete();
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
        previous = NONE;
        gradients.zero_();
        Tensor logits = replica.forward(images);
        onLogits.accept(logits);
        Tensor loss = torch.cross_entropy_loss(logits, labels);
        loss.mul(new Scalar(1.0 / workers)).backward();
        onGradient(NONE);
        return new Outcome(logits, loss);
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
    }
}
