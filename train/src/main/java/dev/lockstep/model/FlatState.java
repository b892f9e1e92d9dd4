package dev.lockstep.model;

import static dev.lockstep.model.ParameterLayout.mean;
import static dev.lockstep.model.ParameterLayout.variance;

import dev.lockstep.model.ParameterLayout.BatchNormLayer;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What training changes: parameters, momentum and the running statistics of batch norm, each one flat float32 buffer that
 * every replica in the process shares.
 */
public final class FlatState {
    private final Device device;
    private final ParameterLayout layout;
    private final Tensor parameters;
    private final Tensor momentum;
    private final Tensor running;

    /** The initial state in host memory; see {@link #FlatState(Device, ParameterLayout, ImageClassifier)}. */
    public FlatState(ParameterLayout layout, ImageClassifier initial) {
        this(Device.cpu(), layout, initial);
    }

    /** The initial state: parameters and running statistics of a freshly initialized network, momentum zero. */
    public FlatState(Device device, ParameterLayout layout, ImageClassifier initial) {
        this.device = device;
        this.layout = layout;
        this.parameters = StepScope.keep(device.zeros(layout.parameters()));
        this.momentum = StepScope.keep(device.zeros(layout.parameters()));
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

    /** Where its tensors live, and the replicas that are bound to it. */
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

    /** {@code layout().parameters()} floats: u of Eq. 9 or v of Eq. 10. */
    public Tensor momentum() {
        return momentum;
    }

    /** Whether every number of it is finite. */
    public boolean isFinite() {
        return Tensors.isFinite(parameters) && Tensors.isFinite(momentum) && Tensors.isFinite(running);
    }

    /** At least {@code layout().statistics()} floats. */
    public Tensor running() {
        return running;
    }
}
