package dev.lockstep.optim;

import dev.lockstep.model.Segment;
import dev.lockstep.recipe.Recipe.MomentumForm;
import dev.lockstep.recipe.SgdSettings;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Minibatch SGD with momentum, in the two forms that the paper's remark 2 contrasts: a handful of operations on a segment.
 *
 * <p>Gradient form, Eq. 9, which is PyTorch's: {@code u ← m·u + g, w ← w − η·u}; with Nesterov {@code w ← w − η·(g + m·u)}.
 *
 * <p>Velocity form, Eq. 10: {@code v ← m·c·v + η·g, w ← w − v}; with Nesterov {@code w ← w − (η·g + m·v)}. The correction
 * {@code c = η(t+1)/η(t)} makes it the same as Eq. 9 when the rate changes; without it, {@code c = 1}, it is not.
 *
 * <p>Weight decay λ·w is added here, once, to the aggregated gradient (Eq. 8): it does not depend on the data, so it is
 * neither scaled with the loss nor counted once per worker.
 */
final class MomentumSgd implements Optimizer {
    private final double momentum;
    private final boolean nesterov;
    private final MomentumForm form;
    private final boolean correction;

    MomentumSgd(SgdSettings settings) {
        this.momentum = settings.momentum();
        this.nesterov = settings.nesterov();
        this.form = settings.form();
        this.correction = settings.momentumCorrection();
    }

    @Override
    public void update(Segment segment, long step, Rates rates) {
        Tensor parameters = segment.parameters();
        Tensor gradient = segment.gradient();
        Tensor state = segment.state(SgdSettings.MOMENTUM);
        long decayed = segment.decayed();
        if (decayed > 0 && rates.weightDecay() != 0) {
            gradient.narrow(0, 0, decayed).add_(parameters.narrow(0, 0, decayed), scalar(rates.weightDecay()));
        }
        if (form == MomentumForm.GRADIENT) {
            updateGradientForm(parameters, gradient, state, rates);
        } else {
            updateVelocityForm(parameters, gradient, state, rates);
        }
    }

    private void updateGradientForm(Tensor w, Tensor g, Tensor u, Rates rates) {
        u.mul_(scalar(momentum)).add_(g);
        Tensor direction = nesterov ? g.add_(u, scalar(momentum)) : u;
        w.add_(direction, scalar(-rates.learningRate()));
    }

    private void updateVelocityForm(Tensor w, Tensor g, Tensor v, Rates rates) {
        double c = correction ? rates.learningRate() / rates.previousLearningRate() : 1;
        v.mul_(scalar(momentum * c)).add_(g, scalar(rates.learningRate()));
        if (nesterov) {
            w.add_(g.mul_(scalar(rates.learningRate())).add_(v, scalar(momentum)), scalar(-1.0));
        } else {
            w.add_(v, scalar(-1.0));
        }
    }

    @Override
    public void updateReference(Segment parameter, long step, Rates rates) {
        Tensor w = parameter.parameters();
        Tensor state = parameter.state(SgdSettings.MOMENTUM);
        double decay = parameter.decayed() > 0 ? rates.weightDecay() : 0;
        Scalar rate = new Scalar(rates.learningRate());
        Scalar m = new Scalar(momentum);
        Tensor g = parameter.gradient().add(w, new Scalar(decay));
        if (form == MomentumForm.GRADIENT) {
            state.mul_(m).add_(g);
            w.sub_((nesterov ? g.add(state, m) : state).mul(rate));
        } else {
            double c = correction ? rates.learningRate() / rates.previousLearningRate() : 1;
            Tensor scaled = g.mul(rate);
            state.mul_(new Scalar(momentum * c)).add_(scaled);
            w.sub_(nesterov ? scaled.add(state, m) : state);
        }
    }

    /**
     * PyTorch rejects a finite number that exceeds float32. As infinity, it makes the weights non-finite, which is
     * detected.
     */
    static Scalar scalar(double value) {
        return new Scalar(Float.isFinite((float) value) ? value : (float) value);
    }
}
