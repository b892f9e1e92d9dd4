package dev.lockstep.model;

import static org.bytedeco.pytorch.global.torch.constant_pad_nd;

import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * x ↦ ReLU(shortcut(x) + F(x)), where F is convolutions with batch norm, ReLU between them. Two 3×3 convolutions make the
 * basic block; 1×1, 3×3, 1×1 the bottleneck, which has its stride on the 3×3 convolution (paper, section 5.1).
 */
final class ResidualBlock extends Module {
    /** How the input reaches the output when the shapes differ. */
    enum Shortcut {
        /** Every stride-th pixel, zero channels appended: no parameters (He et al. 2016, option A). */
        SUBSAMPLE_AND_PAD,
        /** A 1×1 convolution with batch norm (option B). */
        PROJECTION
    }

    private final List<Conv2dImpl> convolutions;
    private final List<BatchNorm2dImpl> norms;
    private final int stride;
    private final int appended;
    private final @Nullable Conv2dImpl projection;
    private final @Nullable BatchNorm2dImpl projectionNorm;
    private final @Nullable Module downsample;

    /**
     * @param kernels side of each convolution
     * @param widths output channels of each convolution
     * @param strided which convolution has the stride
     */
    ResidualBlock(int inputs, int[] kernels, int[] widths, int strided, int stride, Shortcut shortcut) {
        this.stride = stride;
        Conv2dImpl[] convolutions = new Conv2dImpl[kernels.length];
        BatchNorm2dImpl[] norms = new BatchNorm2dImpl[kernels.length];
        int channels = inputs;
        for (int i = 0; i < kernels.length; i++) {
            convolutions[i] = register_module(
                    "conv" + (i + 1), Layers.convolution(channels, widths[i], kernels[i], i == strided ? stride : 1));
            norms[i] = register_module("bn" + (i + 1), Layers.batchNorm(widths[i]));
            channels = widths[i];
        }
        this.convolutions = List.of(convolutions);
        this.norms = List.of(norms);
        boolean differs = stride != 1 || inputs != channels;
        boolean projects = differs && shortcut == Shortcut.PROJECTION;
        this.appended = channels - inputs;
        this.downsample = projects ? new Module() : null;
        this.projection = projects ? Layers.convolution(inputs, channels, 1, stride) : null;
        this.projectionNorm = projects ? Layers.batchNorm(channels) : null;
        if (downsample != null && projection != null && projectionNorm != null) {
            downsample.register_module("0", projection);
            downsample.register_module("1", projectionNorm);
            register_module("downsample", downsample);
        }
    }

    static ResidualBlock basic(int inputs, int width, int stride, Shortcut shortcut) {
        return new ResidualBlock(inputs, new int[] {3, 3}, new int[] {width, width}, 0, stride, shortcut);
    }

    static ResidualBlock bottleneck(int inputs, int width, int stride) {
        int[] widths = {width, width, 4 * width};
        return new ResidualBlock(inputs, new int[] {1, 3, 1}, widths, 1, stride, Shortcut.PROJECTION);
    }

    Tensor forward(Tensor x) {
        try (StepScope scope = new StepScope()) {
            Tensor y = x;
            int last = convolutions.size() - 1;
            for (int i = 0; i <= last; i++) {
                y = norms.get(i).forward(convolutions.get(i).forward(y));
                if (i < last) {
                    y = y.relu_();
                }
            }
            return scope.give(y.add_(shortcut(x)).relu_());
        }
    }

    private Tensor shortcut(Tensor x) {
        if (projection != null && projectionNorm != null) {
            return projectionNorm.forward(projection.forward(x));
        }
        Tensor kept = x;
        if (stride != 1) {
            kept = Tensors.slice(Tensors.slice(x, 2, 0, x.size(2), stride), 3, 0, x.size(3), stride);
        }
        return appended == 0 ? kept : constant_pad_nd(kept, 0, 0, 0, 0, 0, appended);
    }

    void initialize(long seed, String name, boolean zeroInitResidual) {
        for (int i = 0; i < convolutions.size(); i++) {
            Layers.heFanOut(convolutions.get(i), seed, name + ".conv" + (i + 1));
        }
        if (projection != null) {
            Layers.heFanOut(projection, seed, name + ".downsample.0");
        }
        if (zeroInitResidual) {
            Layers.zeroGamma(norms.get(norms.size() - 1));
        }
    }
}
