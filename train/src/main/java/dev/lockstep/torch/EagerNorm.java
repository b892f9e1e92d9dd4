package dev.lockstep.torch;

import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The same by libtorch's operations, one after another, on any device: what other kernels are compared with. */
public final class EagerNorm implements NormKernels {
    /** Which gradients are computed. */
    private static final BoolPointer ALL =
            new BoolPointer(3).put(0, true).put(1, true).put(2, true).retainReference();

    @Override
    public Forward forward(Layer layer, Tensor input, @Nullable Tensor addend, boolean rectified) {
        T_TensorTensorTensor_T results = torch.native_batch_norm(
                input,
                new TensorOptional(layer.gamma()),
                new TensorOptional(layer.beta()),
                new TensorOptional(layer.mean()),
                new TensorOptional(layer.variance()),
                true,
                1,
                layer.epsilon());
        // The tuple owns its tensors.
        Tensor output = new Tensor(results.get0());
        if (addend != null) {
            output.add_(addend);
        }
        if (rectified) {
            output.relu_();
        }
        return new Forward(output, torch.stack(new TensorVector(results.get1(), results.get2())));
    }

    @Override
    public Backward backward(
            Layer layer, Tensor gradient, Tensor input, Forward forward, boolean hasAddend, boolean rectified) {
        Tensor inner = rectified ? torch.threshold_backward(gradient, forward.output(), new Scalar(0.0)) : gradient;
        T_TensorTensorTensor_T results = torch.native_batch_norm_backward(
                inner,
                input,
                new TensorOptional(layer.gamma()),
                new TensorOptional(),
                new TensorOptional(),
                new TensorOptional(forward.saved().select(0, 0)),
                new TensorOptional(forward.saved().select(0, 1)),
                true,
                layer.epsilon(),
                ALL);
        layer.gammaGradient().copy_(results.get1());
        layer.betaGradient().copy_(results.get2());
        return new Backward(new Tensor(results.get0()), inner);
    }
}
