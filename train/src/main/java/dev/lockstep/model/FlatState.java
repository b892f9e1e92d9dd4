package dev.lockstep.model;

import static dev.lockstep.model.ParameterLayout.mean;
import static dev.lockstep.model.ParameterLayout.variance;

import dev.lockstep.model.ParameterLayout.BatchNormLayer;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The state that training changes: parameters, the optimizer's state, and the running statistics of batch norm,
 * each one flat float32 buffer that every replica in the process shares.
 */
public final class FlatState implements AutoCloseable {
    private final Device device;
    private final ParameterLayout layout;
    private final Tensor parameters;
    private final Map<String, Tensor> optimizer;
    private final Tensor running;

    /** The state of a network that is not trained, in host memory. */
    public FlatState(ParameterLayout layout, ImageClassifier network) {
        this(Device.cpu(), layout, List.of(), network);
    }

    /** The state of a network that is not trained: without an optimizer's. */
    public FlatState(Device device, ParameterLayout layout, ImageClassifier network) {
        this(device, layout, List.of(), network);
    }

    /**
     * The initial state: parameters and running statistics of a freshly initialized network, the optimizer's zero.
     *
     * @param optimizer the names of the optimizer's buffers
     */
    public FlatState(Device device, ParameterLayout layout, List<String> optimizer, ImageClassifier initial) {
        this.device = device;
        this.layout = layout;
        this.parameters = StepScope.keep(device.zeros(layout.parameters()));
        this.optimizer = new LinkedHashMap<>();
        optimizer.forEach(name -> this.optimizer.put(name, StepScope.keep(device.zeros(layout.parameters()))));
        this.running = StepScope.keep(device.zeros(Math.max(1, layout.statistics())));
        try (StepScope scope = new StepScope()) {
            List<Tensor> own = layout.parametersOf(initial.module());
            for (int i = 0; i < own.size(); i++) {
                ParameterLayout.view(parameters, layout.slots().get(i))
                        .copy_(own.get(i).detach());
            }
            List<BatchNormLayer> layers = ParameterLayout.batchNormLayers(initial.module());
            for (int i = 0; i < layers.size(); i++) {
                mean(running, layout.norms().get(i)).copy_(layers.get(i).runningMean());
                variance(running, layout.norms().get(i)).copy_(layers.get(i).runningVariance());
            }
        }
    }

    private FlatState(
            Device device, ParameterLayout layout, Tensor parameters, Map<String, Tensor> optimizer, Tensor running) {
        this.device = device;
        this.layout = layout;
        this.parameters = parameters;
        this.optimizer = optimizer;
        this.running = running;
    }

    /** A copy in separate memory, which {@link #close} frees. */
    public FlatState copy() {
        Map<String, Tensor> copies = new LinkedHashMap<>();
        optimizer.forEach((name, buffer) -> copies.put(name, StepScope.keep(buffer.clone())));
        return new FlatState(
                device, layout, StepScope.keep(parameters.clone()), copies, StepScope.keep(running.clone()));
    }

    /** The device of its tensors and of the replicas that are bound to it. */
    public Device device() {
        return device;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** {@code layout().parameters()} floats. */
    public Tensor parameters() {
        return parameters;
    }

    /** The optimizer's state by name, in its order: {@code layout().parameters()} floats each. */
    public Map<String, Tensor> optimizer() {
        return Collections.unmodifiableMap(optimizer);
    }

    /**
     * The part of parameters and optimizer state that belongs to a piece of the gradient.
     *
     * @param from where the piece starts
     * @param decayed how many of its leading floats take weight decay
     * @param gradient the piece: whole parameters
     */
    public Segment segment(long from, long decayed, Tensor gradient) {
        long length = gradient.numel();
        Map<String, Tensor> state = new LinkedHashMap<>();
        optimizer.forEach((name, buffer) -> state.put(name, buffer.narrow(0, from, length)));
        return new Segment(
                layout.slots(from, from + length), from, decayed, parameters.narrow(0, from, length), gradient, state);
    }

    /** Whether all its values are finite. */
    public boolean isFinite() {
        return Tensors.isFinite(parameters)
                && optimizer.values().stream().allMatch(Tensors::isFinite)
                && Tensors.isFinite(running);
    }

    /** At least {@code layout().statistics()} floats. */
    public Tensor running() {
        return running;
    }

    @Override
    public void close() {
        parameters.close();
        optimizer.values().forEach(Tensor::close);
        running.close();
    }
}
