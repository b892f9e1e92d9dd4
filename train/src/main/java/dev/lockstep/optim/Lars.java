package dev.lockstep.optim;

import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.model.Segment;
import dev.lockstep.recipe.LarsSettings;
import dev.lockstep.torch.StepScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Layer-wise adaptive rate scaling (You, Gitman, Ginsburg 2017, arXiv 1708.03888). Each decayed parameter has a trust ratio
 * {@code r = τ·|w| / (|g| + λ·|w| + ε)}, so that its step is about the same fraction of its norm whatever the size of its
 * gradient: {@code u ← m·u + r·(g + λ·w), w ← w − η·u}.
 *
 * <p>Parameters that are not decayed have {@code r = 1}: their norms are small or meaningless. So does a parameter
 * whose weights or gradients are all zero, which otherwise could never leave zero.
 *
 * <p>The paper's algorithm 1 has the learning rate inside u. Placed outside, as here and in Eq. 9 of Goyal et al., it
 * is equivalent while the rate is constant and needs no correction when the rate changes.
 */
final class Lars implements Optimizer {
    private final double momentum;
    private final double trustCoefficient;
    private final double epsilon;

    Lars(LarsSettings settings) {
        this.momentum = settings.momentum();
        this.trustCoefficient = settings.trustCoefficient();
        this.epsilon = settings.epsilon();
    }

    @Override
    public void update(Segment segment, long step, Rates rates) {
        for (Slot slot : segment.slots()) {
            if (segment.isDecayed(slot)) {
                try (StepScope scope = new StepScope()) {
                    Tensor w = segment.part(segment.parameters(), slot);
                    Tensor g = segment.part(segment.gradient(), slot);
                    Tensor ratio = trustRatio(w.norm(), g.norm(), rates.weightDecay());
                    g.add_(w, MomentumSgd.scalar(rates.weightDecay())).mul_(ratio);
                }
            }
        }
        Tensor u = segment.state(LarsSettings.MOMENTUM);
        u.mul_(MomentumSgd.scalar(momentum)).add_(segment.gradient());
        segment.parameters().add_(u, MomentumSgd.scalar(-rates.learningRate()));
    }

    /** As a tensor of one element, so that nothing waits for the device. */
    private Tensor trustRatio(Tensor weights, Tensor gradient, double weightDecay) {
        Tensor ratio = weights.mul(MomentumSgd.scalar(trustCoefficient))
                .div(gradient.add(weights, MomentumSgd.scalar(weightDecay)).add_(MomentumSgd.scalar(epsilon)));
        return whereBothArePositive(weights, gradient, ratio);
    }

    private static Tensor whereBothArePositive(Tensor weights, Tensor gradient, Tensor ratio) {
        Scalar zero = new Scalar(0);
        return torch.where(weights.gt(zero).logical_and(gradient.gt(zero)), ratio, new Scalar(1.0));
    }

    @Override
    public void updateReference(Segment parameter, long step, Rates rates) {
        Tensor w = parameter.parameters();
        Tensor g = parameter.gradient();
        Tensor u = parameter.state(LarsSettings.MOMENTUM);
        double decay = rates.weightDecay();
        if (parameter.decayed() > 0) {
            Tensor weights = w.norm();
            Tensor gradient = g.norm();
            Tensor denominator = gradient.add(weights, new Scalar(decay)).add_(new Scalar(epsilon));
            Tensor ratio = weights.mul(new Scalar(trustCoefficient)).div(denominator);
            g = g.add(w, new Scalar(decay)).mul(whereBothArePositive(weights, gradient, ratio));
        }
        u.mul_(new Scalar(momentum)).add_(g);
        w.sub_(u.mul(new Scalar(rates.learningRate())));
    }
}
