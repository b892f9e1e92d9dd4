package dev.lockstep.model;

import dev.lockstep.sampling.KeyedRandom;
import dev.lockstep.torch.Tensors;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/** The layers residual networks are made of, and their initial weights (paper, section 5.1). */
final class Layers {
    private static final long STREAM = KeyedRandom.key("initial-weights");

    private Layers() {}

    /** A k × k convolution without bias, padded so that stride 1 keeps the size. */
    static Conv2dImpl convolution(int inputs, int outputs, int kernel, int stride) {
        Conv2dOptions options = new Conv2dOptions(inputs, outputs, new LongPointer(kernel, kernel));
        options.stride().put(0, stride).put(1, stride);
        options.padding().put(new LongPointer(kernel / 2, kernel / 2));
        options.bias().put(false);
        return new Conv2dImpl(options);
    }

    static BatchNorm2dImpl batchNorm(int channels) {
        return new BatchNorm2dImpl(new BatchNormOptions(channels));
    }

    /** He et al. 2015, fan-out: N(0, 2 / (outputs · k²)), drawn from a stream of (seed, name). */
    static void heFanOut(Conv2dImpl convolution, long seed, String name) {
        Tensor weight = convolution.weight();
        double fanOut = (double) weight.size(0) * weight.size(2) * weight.size(3);
        gaussian(weight, Math.sqrt(2 / fanOut), seed, name + ".weight");
    }

    /** N(0, 0.01²) weights and zero biases. */
    static void classifier(LinearImpl linear, long seed, String name) {
        gaussian(linear.weight(), 0.01, seed, name + ".weight");
        Tensors.assign(linear.bias(), new float[(int) linear.bias().numel()]);
    }

    /** γ = 0, so that the residual block it ends starts as the identity. */
    static void zeroGamma(BatchNorm2dImpl norm) {
        Tensors.assign(norm.weight(), new float[(int) norm.weight().numel()]);
    }

    private static void gaussian(Tensor weight, double deviation, long seed, String name) {
        KeyedRandom random = KeyedRandom.of(STREAM, seed, KeyedRandom.key(name));
        float[] values = new float[(int) weight.numel()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        Tensors.assign(weight, values);
    }
}
