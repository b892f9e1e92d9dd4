package dev.lockstep.train;

import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.model.Segment;
import dev.lockstep.optim.Optimizer;
import dev.lockstep.optim.Optimizers;
import dev.lockstep.recipe.Recipe;
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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A second, readable implementation of the same mathematics: float64, one thread, the workers of a step one after another,
 * each parameter separately, no buckets, trees or processes. The results of {@link Trainer} must agree with it to
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
            LayerGroups groups = LayerGroups.of(recipe, layout);
            ParameterLayout.freezeBatchNorm(network.module(), groups, layout);
            List<Tensor> weights = layout.parametersOf(network.module());
            List<Map<String, Tensor>> state =
                    weights.stream().map(this::initialState).toList();
            Optimizer optimizer = Optimizers.of(recipe.optimizer());
            MinibatchPlan plan = recipe.minibatchPlan(data.trainingLabels());
            for (int step = 0; step < steps; step++) {
                backward(network, plan, step);
                Optimizer.Rates rates = rates(step, plan.iterationsPerEpoch());
                for (int i = 0; i < weights.size(); i++) {
                    Slot slot = layout.slots().get(i);
                    if (groups.isFrozen(slot)) {
                        continue;
                    }
                    try (StepScope update = new StepScope()) {
                        Segment parameter = segment(layout, slot, weights.get(i), state.get(i));
                        optimizer.updateReference(parameter, step, rates.times(groups.factor(slot)));
                    }
                }
            }
            SortedMap<String, double[]> result = new TreeMap<>();
            for (int i = 0; i < weights.size(); i++) {
                result.put(layout.slots().get(i).name(), Tensors.toDoubles(weights.get(i)));
            }
            return result;
        }
    }

    /** Stores in each parameter's gradient the sum over the workers of the gradient of (1/k) · mean loss. */
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

    private Optimizer.Rates rates(int step, int perEpoch) {
        LearningRate schedule = recipe.schedule(perEpoch);
        double rate = schedule.at(step);
        double decay = recipe.optimizer().weightDecay();
        if (recipe.optimizer().weightDecayRate() == WeightDecayRate.REFERENCE) {
            decay *= recipe.learningRate().reference() * recipe.decay(perEpoch).factorAt(step) / rate;
        }
        return new Optimizer.Rates(rate, step == 0 ? rate : schedule.at(step - 1), decay);
    }

    private Map<String, Tensor> initialState(Tensor weight) {
        return recipe.optimizer().state().stream()
                .collect(Collectors.toMap(name -> name, name -> torch.zeros_like(weight.detach())));
    }

    private static Segment segment(ParameterLayout layout, Slot slot, Tensor weight, Map<String, Tensor> state) {
        long decayed = slot.offset() < layout.decayed() ? slot.length() : 0;
        return new Segment(List.of(slot), slot.offset(), decayed, weight.detach(), weight.grad(), state);
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
