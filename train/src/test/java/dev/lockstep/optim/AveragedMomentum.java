package dev.lockstep.optim;

import dev.lockstep.model.Segment;
import dev.lockstep.recipe.Default;
import dev.lockstep.recipe.OptimizerSettings;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * An optimizer such as a program may add: it steps along the mean of all momenta so far, so it needs two buffers and the
 * number of the step.
 */
public record AveragedMomentum(double momentum) implements Optimizer {
    /** The settings, all that a recipe can say. */
    public record Settings(
            @Default("0.8") double momentum,
            @Default("0.001") double weightDecay) implements OptimizerSettings {
        @Override
        public boolean decayBias() {
            return true;
        }

        @Override
        public boolean decayNorm() {
            return false;
        }

        @Override
        public List<String> state() {
            return List.of("momentum", "mean");
        }
    }

    /** The provider that {@code META-INF/services} names. */
    public static final class Kind implements OptimizerFactory {
        @Override
        public String name() {
            return "averaged-momentum";
        }

        @Override
        public Class<Settings> settings() {
            return Settings.class;
        }

        @Override
        public Optimizer create(OptimizerSettings settings) {
            return new AveragedMomentum(((Settings) settings).momentum());
        }
    }

    @Override
    public void update(Segment segment, long step, Rates rates) {
        Tensor gradient = segment.gradient();
        gradient.narrow(0, 0, segment.decayed())
                .add_(segment.parameters().narrow(0, 0, segment.decayed()), new Scalar(rates.weightDecay()));
        apply(segment, gradient, step, rates);
    }

    @Override
    public void updateReference(Segment parameter, long step, Rates rates) {
        double decay = parameter.decayed() > 0 ? rates.weightDecay() : 0;
        apply(parameter, parameter.gradient().add(parameter.parameters(), new Scalar(decay)), step, rates);
    }

    private void apply(Segment segment, Tensor gradient, long step, Rates rates) {
        Tensor u = segment.state("momentum");
        Tensor mean = segment.state("mean");
        u.mul_(new Scalar(momentum)).add_(gradient);
        mean.mul_(new Scalar(step / (step + 1.0))).add_(u, new Scalar(1 / (step + 1.0)));
        segment.parameters().add_(mean, new Scalar(-rates.learningRate()));
    }
}
