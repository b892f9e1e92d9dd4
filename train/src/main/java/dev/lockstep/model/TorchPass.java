package dev.lockstep.model;

import dev.lockstep.torch.Arithmetic;
import dev.lockstep.torch.Device;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Forward and backward by libtorch's autograd, for any module. */
final class TorchPass extends RecordingPass {
    private static final int NONE = -1;

    private final Device device;
    private final Arithmetic arithmetic;
    private final Tensor gradients;
    private final List<Integer> trained;
    private final Replica replica;

    private IntConsumer onComplete = slot -> {};
    private int previous = NONE;

    TorchPass(ImageClassifier classifier, Engine.Input input) {
        this(classifier, input, trained(input));
    }

    private TorchPass(ImageClassifier classifier, Engine.Input input, List<Integer> trained) {
        super(input.state().device(), !input.state().device().hooksRunInCaller(), trained, input.onComplete());
        this.device = input.state().device();
        this.arithmetic = Arithmetic.valueOf(input.precision().name());
        this.gradients = input.gradients();
        this.trained = trained;
        this.replica = Replica.training(
                classifier,
                input.state(),
                gradients,
                input.statistics(),
                input.epsilon(),
                input.groups(),
                this::onGradient);
    }

    /** Slots that get gradients. */
    static List<Integer> trained(Engine.Input input) {
        return IntStream.range(0, input.state().layout().slots().size())
                .filter(slot ->
                        !input.groups().isFrozen(input.state().layout().slots().get(slot)))
                .boxed()
                .toList();
    }

    @Override
    Outcome forwardAndBackward(
            Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits, IntConsumer reported) {
        onComplete = reported;
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
        if (device.hooksRunInCaller()) {
            onGradient(NONE);
        } else {
            trained.forEach(onComplete::accept);
        }
        return new Outcome(logits, loss);
    }

    /** Called when backward is about to add to the gradient of a slot: by then the previous slot is complete. */
    private void onGradient(int slot) {
        if (previous != NONE) {
            onComplete.accept(previous);
        }
        previous = slot;
    }
}
