package dev.lockstep.train;

import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.MomentumForm;
import dev.lockstep.recipe.Recipe.WeightDecayRate;
import dev.lockstep.sampling.MinibatchPlan;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The same mathematics a second time, written for reading: float64, one thread, the workers of a step one after another,
 * each parameter by itself, no buckets, no trees, no processes. What {@link Trainer} computes must agree with it to
 * float32 rounding.
 */
public final class ReferenceTraining {
    private final Recipe recipe;
    private final OpenDataset data;
    private final ModelFactory models;

    public ReferenceTraining(Recipe recipe, OpenDataset data, ModelFactory models) {
        this.recipe = recipe;
        this.data = data;
        this.models = models;
    }

    /** The weights after some steps from the start of training: row-major values by parameter name. */
    public SortedMap<String, double[]> weightsAfter(int steps) {
        TorchRuntime.load();
        try (StepScope scope = new StepScope()) {
            torch.manual_seed(recipe.seed());
            ImageClassifier network = models.create(recipe.model(), data.shape(), data.classes());
            network.initialize(recipe.seed());
            ParameterLayout layout = ParameterLayout.of(network.module(), recipe.optimizer());
            ParameterLayout.configureBatchNorm(
                    network.module(), recipe.batchNorm().epsilon());
            network.module().to(ScalarType.Double, false);
            network.module().train(true);
            List<Tensor> weights = layout.parametersOf(network.module());
            List<Tensor> state = weights.stream()
                    .map(weight -> torch.zeros_like(weight.detach()))
                    .toList();
            MinibatchPlan plan = recipe.minibatchPlan(data.training().size());
            for (int step = 0; step < steps; step++) {
                backward(network, plan, step);
                for (int i = 0; i < weights.size(); i++) {
                    update(
                            weights.get(i),
                            state.get(i),
                            layout.slots().get(i),
                            layout,
                            step,
                            plan.iterationsPerEpoch());
                }
            }
            SortedMap<String, double[]> result = new TreeMap<>();
            for (int i = 0; i < weights.size(); i++) {
                result.put(layout.slots().get(i).name(), Tensors.toDoubles(weights.get(i)));
            }
            return result;
        }
    }

    /** Leaves in each parameter's gradient the sum over the workers of the gradient of (1/k) · mean loss. */
    private void backward(ImageClassifier network, MinibatchPlan plan, int step) {
        network.module().zero_grad(true);
        int epoch = step / plan.iterationsPerEpoch();
        int iteration = step % plan.iterationsPerEpoch();
        List<BatchRequest> requests = IntStream.range(0, recipe.workers())
                .mapToObj(worker -> new BatchRequest(step, epoch, worker, plan.samples(epoch, iteration, worker)))
                .toList();
        try (BatchLoader loader =
                new BatchLoader(data.training(), data.trainingTransform(), recipe.seed(), 1, 2, requests.iterator())) {
            for (int worker = 0; worker < recipe.workers(); worker++) {
                try (HostBatch batch = loader.next().orElseThrow();
                        StepScope scope = new StepScope()) {
                    DeviceBatch input = DeviceBatch.of(Device.cpu(), batch);
                    Tensor logits = network.forward(input.images().to(ScalarType.Double));
                    torch.cross_entropy_loss(logits, input.labels())
                            .div(new Scalar((double) recipe.workers()))
                            .backward();
                }
            }
        }
    }

    /** Eq. 8, then Eq. 9 or Eq. 10. */
    private void update(Tensor weight, Tensor state, Slot slot, ParameterLayout layout, int step, int perEpoch) {
        Recipe.Optimizer optimizer = recipe.optimizer();
        LearningRate schedule = recipe.schedule(perEpoch);
        double rate = schedule.at(step);
        double decay = slot.offset() < layout.decayed() ? optimizer.weightDecay() : 0;
        if (optimizer.weightDecayRate() == WeightDecayRate.REFERENCE) {
            decay *= recipe.learningRate().reference() * recipe.decay(perEpoch).factorAt(step) / rate;
        }
        try (StepScope scope = new StepScope()) {
            Tensor w = weight.detach();
            Tensor g = weight.grad().add(w, new Scalar(decay));
            double m = optimizer.momentum();
            if (optimizer.form() == MomentumForm.GRADIENT) {
                state.mul_(new Scalar(m)).add_(g);
                w.sub_((optimizer.nesterov() ? g.add(state, new Scalar(m)) : state).mul(new Scalar(rate)));
            } else {
                double correction = optimizer.momentumCorrection() && step > 0 ? rate / schedule.at(step - 1) : 1;
                Tensor scaled = g.mul(new Scalar(rate));
                state.mul_(new Scalar(m * correction)).add_(scaled);
                w.sub_(optimizer.nesterov() ? scaled.add(state, new Scalar(m)) : state);
            }
        }
    }

    /**
     * |a − b| / |b| over all parameters.
     *
     * @param weights a, as a checkpoint has them
     * @param reference b, of {@link #weightsAfter}
     */
    public static double distance(Map<String, HostTensor> weights, SortedMap<String, double[]> reference) {
        double difference = 0;
        double norm = 0;
        for (Map.Entry<String, double[]> entry : reference.entrySet()) {
            HostTensor tensor = weights.get(entry.getKey());
            if (tensor == null) {
                throw new IllegalArgumentException("parameter = " + entry.getKey() + " is missing");
            }
            float[] values = tensor.floats();
            double[] exact = entry.getValue();
            for (int i = 0; i < values.length; i++) {
                difference += (values[i] - exact[i]) * (values[i] - exact[i]);
                norm += exact[i] * exact[i];
            }
        }
        return Math.sqrt(difference / norm);
    }
}
