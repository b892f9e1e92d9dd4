package dev.lockstep.model;

import static dev.lockstep.model.ParameterLayout.mean;
import static dev.lockstep.model.ParameterLayout.variance;

import dev.lockstep.model.ParameterLayout.BatchNormLayer;
import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.torch.StepScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.VoidTensorHook;

/**
 * One lane's copy of the network. Its parameters are views of the shared {@link FlatState}; a training replica's
 * gradients and batch statistics are views of the lane's own gradient buffer.
 *
 * <p>A batch-norm layer with momentum 1 leaves exactly the statistics of its last batch in its running buffers; bound to
 * the gradient buffer, this is how every worker's statistics join its gradients without a custom layer.
 */
public final class Replica {
    private final ImageClassifier classifier;
    private final Module module;
    private final LayerGroups groups;
    /** libtorch holds hooks by pointer only; collected, they would crash the process. */
    private final List<VoidTensorHook> hooks = new ArrayList<>();

    private Replica(ImageClassifier classifier, FlatState state, LayerGroups groups) {
        this.classifier = classifier;
        this.groups = groups;
        this.module = classifier.module();
        state.device().place(module);
        bindParameters(state);
    }

    /**
     * A replica that trains.
     *
     * @param gradients {@code layout().parameters()} floats to which backward adds; the caller zeroes them before each
     *     worker
     * @param statistics {@code layout().statistics()} floats into which forward writes each batch norm's mean and variance
     * @param groups frozen layers get no gradients, and their batch norms normalize with the running statistics
     * @param onGradient called with the number of a slot when backward is about to add its gradient; never if the device's
     *     hooks run in other threads
     */
    public static Replica training(
            ImageClassifier classifier,
            FlatState state,
            Tensor gradients,
            Tensor statistics,
            double epsilon,
            LayerGroups groups,
            IntConsumer onGradient) {
        Replica replica = new Replica(classifier, state, groups);
        replica.module.train(true);
        ParameterLayout.freezeBatchNorm(replica.module, groups, state.layout());
        replica.bindGradients(
                state.layout(), gradients, onGradient, state.device().hooksRunInCaller());
        replica.bindStatistics(state, statistics, epsilon);
        return replica;
    }

    /** A replica that evaluates with the shared running statistics. */
    public static Replica evaluation(ImageClassifier classifier, FlatState state, double epsilon) {
        Replica replica = new Replica(classifier, state, LayerGroups.none(state.layout()));
        replica.module.eval();
        replica.bindStatistics(state, state.running(), epsilon);
        return replica;
    }

    public Tensor forward(Tensor images) {
        return classifier.forward(images);
    }

    private void bindParameters(FlatState state) {
        try (StepScope scope = new StepScope()) {
            List<Tensor> own = state.layout().parametersOf(module);
            for (int i = 0; i < own.size(); i++) {
                own.get(i)
                        .set_data(ParameterLayout.view(
                                state.parameters(), state.layout().slots().get(i)));
            }
        }
    }

    private void bindGradients(ParameterLayout layout, Tensor gradients, IntConsumer onGradient, boolean hooked) {
        List<Tensor> own = layout.parametersOf(module);
        for (int i = 0; i < own.size(); i++) {
            Tensor parameter = own.get(i);
            Slot slot = layout.slots().get(i);
            if (groups.isFrozen(slot)) {
                parameter.set_requires_grad(false);
                continue;
            }
            try (StepScope scope = new StepScope()) {
                parameter.mutable_grad().put(ParameterLayout.view(gradients, slot));
            }
            if (!hooked) {
                continue;
            }
            GradientHook hook = new GradientHook(i, onGradient);
            hooks.add(hook);
            parameter.register_hook(hook);
        }
    }

    private void bindStatistics(FlatState state, Tensor statistics, double epsilon) {
        List<BatchNormLayer> layers = ParameterLayout.batchNormLayers(module);
        for (int i = 0; i < layers.size(); i++) {
            BatchNormLayer layer = layers.get(i);
            NormSlot norm = state.layout().norms().get(i);
            Tensor source = groups.isFrozen(norm) ? state.running() : statistics;
            try (StepScope scope = new StepScope()) {
                layer.runningMean().set_data(mean(source, norm));
                layer.runningVariance().set_data(variance(source, norm));
            }
            layer.configure(1, epsilon);
        }
    }

    /** Called when backward is about to add to the gradient of one slot; runs in the thread that called backward. */
    private static final class GradientHook extends VoidTensorHook {
        private final int slot;
        private final IntConsumer onGradient;

        GradientHook(int slot, IntConsumer onGradient) {
            this.slot = slot;
            this.onGradient = onGradient;
        }

        @Override
        public void call(TensorBase gradient) {
            onGradient.accept(slot);
        }
    }
}
