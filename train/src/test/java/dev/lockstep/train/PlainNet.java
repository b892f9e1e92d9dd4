package dev.lockstep.train;

import dev.lockstep.model.ImageClassifier;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A small network without batch norm, so that images do not see each other. */
final class PlainNet extends Module implements ImageClassifier {
    private final Conv2dImpl conv;
    private final LinearImpl fc;
    private final double gain;

    PlainNet() {
        this(1);
    }

    /**
     * @param gain multiplies the logits twice over: large ones make gradients overflow while the loss does not
     */
    PlainNet(double gain) {
        torch.manual_seed(5);
        this.gain = gain;
        this.conv = register_module(
                "conv", new Conv2dImpl(new Conv2dOptions(TestBatches.SHAPE.channels(), 6, new LongPointer(3, 3))));
        this.fc = register_module("fc", new LinearImpl(6, TestBatches.CLASSES));
    }

    @Override
    public Tensor forward(Tensor images) {
        Tensor logits = fc.forward(conv.forward(images).relu().mean(2, 3));
        return gain == 1 ? logits : logits.mul(new Scalar(gain)).mul(new Scalar(gain));
    }
}
