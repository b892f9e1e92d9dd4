package dev.lockstep.optim;

import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.MomentumForm;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Minibatch SGD with momentum on a segment of the flat buffers, in the two forms that the paper's remark 2 contrasts.
 *
 * <p>Gradient form, Eq. 9, which is PyTorch's: {@code u ← m·u + g, w ← w − η·u}; with Nesterov {@code w ← w − η·(g + m·u)}.
 *
 * <p>Velocity form, Eq. 10: {@code v ← m·c·v + η·g, w ← w − v}; with Nesterov {@code w ← w − (η·g + m·v)}. The correction
 * {@code c = η(t+1)/η(t)} makes it the same as Eq. 9 when the rate changes; without it, {@code c = 1}, it is not.
 *
 * <p>Weight decay λ·w is added here, once, to the aggregated gradient (Eq. 8): it does not depend on the data, so it is
 * neither scaled with the loss nor counted once a worker.
 */
public final class MomentumSgd {
    private final double momentum;
    private final boolean nesterov;
    private final MomentumForm form;
    private final boolean correction;

    public MomentumSgd(Recipe.Optimizer settings) {
        this.momentum = settings.momentum();
        this.nesterov = settings.nesterov();
        this.form = settings.form();
        this.correction = settings.momentumCorrection();
    }

    /**
     * One iteration's numbers.
     *
     * @param learningRate η(t+1), of this iteration
     * @param previousLearningRate η(t), of the iteration before; the same as {@code learningRate} in the first
     * @param weightDecay λ as it multiplies {@code learningRate}
     */
    public record Rates(double learningRate, double previousLearningRate, double weightDecay) {}

    /**
     * Updates parameters and momentum in place; the gradient is used as scratch.
     *
     * @param parameters w, n floats
     * @param gradient g, n floats: the sum over all workers, loss already normalized by kn
     * @param state u or v, n floats
     * @param decayed how many of the n floats, from the first, take weight decay
     */
    public void update(Tensor parameters, Tensor gradient, Tensor state, long decayed, Rates rates) {
        if (decayed > 0 && rates.weightDecay != 0) {
            gradient.narrow(0, 0, decayed).add_(parameters.narrow(0, 0, decayed), scalar(rates.weightDecay));
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
        w.add_(direction, scalar(-rates.learningRate));
    }

    private void updateVelocityForm(Tensor w, Tensor g, Tensor v, Rates rates) {
        double c = correction ? rates.learningRate / rates.previousLearningRate : 1;
        v.mul_(scalar(momentum * c)).add_(g, scalar(rates.learningRate));
        if (nesterov) {
            w.add_(g.mul_(scalar(rates.learningRate)).add_(v, scalar(momentum)), scalar(-1.0));
        } else {
            w.add_(v, scalar(-1.0));
        }
    }

    /** PyTorch refuses a number that is finite and beyond float32. As an infinite one it makes the weights tell. */
    private static Scalar scalar(double value) {
        return new Scalar(Float.isFinite((float) value) ? value : (float) value);
    }
}
