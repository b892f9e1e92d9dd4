package dev.lockstep.model;

import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.torch.Arithmetic;
import dev.lockstep.torch.NormKernels;
import dev.lockstep.torch.StepScope;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Forward and backward of a network that is data, without autograd: every operation is asked for by the thread of the lane, so
 * that a gradient can leave as soon as it is complete, and batch norm is computed together with the sum and the ReLU behind it.
 * Everything else is the operation that autograd would call.
 */
final class ExplicitPass extends RecordingPass {
    private static final Set<Class<? extends Operation>> KNOWN = Set.of(
            Operation.Image.class,
            Operation.Convolution.class,
            Operation.BatchNorm.class,
            Operation.Relu.class,
            Operation.Add.class,
            Operation.MaxPool.class,
            Operation.GlobalAverage.class,
            Operation.Linear.class,
            Operation.Subsample.class,
            Operation.PadChannels.class);

    /** Of the loss over the images, as libtorch counts its reductions. */
    private static final long MEAN = 1;

    /** libtorch's label for an image that does not count. */
    private static final long NO_LABEL = -100;

    private final ScalarType type;
    private final List<ExplicitStep> steps;
    private final int last;

    private ExplicitPass(NetworkGraph graph, Engine.Input input, NormKernels norms, List<Integer> trained) {
        super(input.state().device(), true, trained, input.onComplete());
        this.type = input.precision().name().equals(Arithmetic.BF16.name()) ? ScalarType.BFloat16 : ScalarType.Float;
        ExplicitSteps made = new ExplicitSteps(graph, input, norms, type);
        this.steps = made.all();
        this.last = graph.nodes().size() - 1;
    }

    /** @param norms computes batch norms with what follows */
    static ExplicitPass create(NetworkGraph graph, Engine.Input input, NormKernels norms) {
        return new ExplicitPass(graph, input, norms, TorchPass.trained(input));
    }

    /** Whether it can compute this network, all of it trained. */
    static boolean supports(NetworkGraph graph, Engine.Input input) {
        boolean whole = input.state().layout().slots().stream()
                        .noneMatch(slot -> input.groups().isFrozen(slot))
                && input.state().layout().norms().stream()
                        .noneMatch(norm -> input.groups().isFrozen(norm));
        return whole
                && graph.nodes().stream()
                        .map(Node::operation)
                        .allMatch(operation -> KNOWN.contains(operation.getClass()));
    }

    @Override
    Outcome forwardAndBackward(
            Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits, IntConsumer onComplete) {
        Tensor[] values = new Tensor[last + 1];
        Tensor[] gradients = new Tensor[last + 1];
        try (AutoGradMode eager = new AutoGradMode(false);
                StepScope scope = new StepScope()) {
            values[0] = images.to(type);
            for (ExplicitStep step : steps) {
                try (StepScope inner = new StepScope()) {
                    step.forward(values);
                    inner.give(values[step.output()]);
                }
            }
            Tensor logits = values[last].to(ScalarType.Float);
            onLogits.accept(logits);
            Tensor logs = torch.log_softmax(logits, 1);
            Tensor loss = torch.nll_loss(logs, labels);
            gradients[last] = gradient(logs, loss, labels, workers).to(type);
            for (int i = steps.size() - 1; i >= 0; i--) {
                backward(steps.get(i), values, gradients, onComplete, scope);
            }
            return new Outcome(scope.give(logits), scope.give(loss));
        }
    }

    /** What nothing needs any more is freed at once, so that memory falls as backward proceeds. */
    private static void backward(
            ExplicitStep step, Tensor[] values, Tensor[] gradients, IntConsumer onComplete, StepScope scope) {
        int[] inputs = step.inputs();
        Tensor[] before = new Tensor[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            before[i] = gradients[inputs[i]];
        }
        try (StepScope inner = new StepScope()) {
            step.backward(values, gradients, onComplete);
            for (int i = 0; i < inputs.length; i++) {
                Tensor now = gradients[inputs[i]];
                if (now != before[i]) {
                    inner.give(now);
                    if (before[i] != null) {
                        scope.release(before[i]);
                    }
                }
            }
        }
        scope.release(values[step.output()]);
        scope.release(gradients[step.output()]);
    }

    /** Of the mean loss divided by the number of workers: (softmax − 1 at the label) / (n k). */
    private static Tensor gradient(Tensor logs, Tensor loss, Tensor labels, int workers) {
        Tensor share = torch.nll_loss_backward(
                loss.clone().fill_(new Scalar(1.0 / workers)),
                logs,
                labels,
                new TensorOptional(),
                MEAN,
                NO_LABEL,
                loss.clone().fill_(new Scalar((double) logs.size(0))));
        return share.sub(logs.exp().mul_(share.sum(new long[] {1}, true, new ScalarTypeOptional())));
    }
}
