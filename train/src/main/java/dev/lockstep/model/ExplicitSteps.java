package dev.lockstep.model;

import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.torch.NormKernels;
import dev.lockstep.torch.NormKernels.Backward;
import dev.lockstep.torch.NormKernels.Forward;
import dev.lockstep.torch.NormKernels.Layer;
import dev.lockstep.torch.StepScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntConsumer;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** Translates a network into the steps of an {@link ExplicitPass}. */
final class ExplicitSteps {
    private final NetworkGraph graph;
    private final Engine.Input input;
    private final NormKernels norms;
    private final ScalarType type;
    private final Map<String, Integer> slots = new HashMap<>();
    private final List<ExplicitStep> steps = new ArrayList<>();
    /** Nodes that are computed as part of another. */
    private final Set<Integer> done = new HashSet<>();
    /** By the node of a sum: the batch norm that is computed with it. */
    private final Map<Integer, Integer> summed = new HashMap<>();

    ExplicitSteps(NetworkGraph graph, Engine.Input input, NormKernels norms, ScalarType type) {
        this.graph = graph;
        this.input = input;
        this.norms = norms;
        this.type = type;
        List<Slot> all = input.state().layout().slots();
        for (int i = 0; i < all.size(); i++) {
            slots.put(all.get(i).name(), i);
        }
    }

    List<ExplicitStep> all() {
        for (int i = 1; i < graph.nodes().size(); i++) {
            if (!done.contains(i)) {
                translate(i, graph.nodes().get(i));
            }
        }
        return steps;
    }

    private void translate(int i, Node node) {
        Operation operation = node.operation();
        int x = node.inputs().get(0);
        if (operation instanceof Operation.Convolution convolution) {
            steps.add(new Convolution(i, x, node.name(), convolution));
        } else if (operation instanceof Operation.BatchNorm) {
            norm(i, x);
        } else if (operation instanceof Operation.Add) {
            sum(i, node);
        } else if (operation instanceof Operation.Linear) {
            steps.add(new Linear(i, x, node.name()));
        } else {
            steps.add(PlainSteps.of(i, x, operation));
        }
    }

    /** The only node that takes the output of another, if it is of this kind; else 0. */
    private int onlyTaker(int node, Class<? extends Operation> kind) {
        if (!graph.isTakenOnce(node)) {
            return 0;
        }
        for (int i = node + 1; i < graph.nodes().size(); i++) {
            if (graph.nodes().get(i).inputs().contains(node)) {
                return kind.isInstance(graph.nodes().get(i).operation()) ? i : 0;
            }
        }
        return 0;
    }

    private void norm(int i, int x) {
        int relu = onlyTaker(i, Operation.Relu.class);
        int sum = onlyTaker(i, Operation.Add.class);
        if (relu > 0) {
            done.add(relu);
            steps.add(new Norm(relu, x, 0, true, layer(i)));
        } else if (sum > 0 && onlyTaker(sum, Operation.Relu.class) > 0 && !summed.containsKey(sum)) {
            // Computed with the sum, when the other addend is there.
            summed.put(sum, i);
        } else {
            steps.add(new Norm(i, x, 0, false, layer(i)));
        }
    }

    private void sum(int i, Node node) {
        Integer norm = summed.get(i);
        if (norm == null) {
            steps.add(new PlainSteps.Sum(i, node.inputs().get(0), node.inputs().get(1)));
            return;
        }
        int relu = onlyTaker(i, Operation.Relu.class);
        done.add(relu);
        int addend = node.inputs().get(node.inputs().get(0).equals(norm) ? 1 : 0);
        int x = graph.nodes().get(norm).inputs().get(0);
        steps.add(new Norm(relu, x, addend, true, layer(norm)));
    }

    private NamedLayer layer(int norm) {
        String name = graph.nodes().get(norm).name();
        NormSlot statistics = input.state().layout().norms().stream()
                .filter(slot -> slot.name().equals(name))
                .findFirst()
                .orElseThrow();
        int gamma = slot(name + ".weight");
        int beta = slot(name + ".bias");
        return new NamedLayer(
                gamma,
                beta,
                new Layer(
                        parameter(gamma),
                        parameter(beta),
                        gradient(gamma),
                        gradient(beta),
                        StepScope.keep(ParameterLayout.mean(input.statistics(), statistics)),
                        StepScope.keep(ParameterLayout.variance(input.statistics(), statistics)),
                        input.epsilon()));
    }

    private record NamedLayer(int gamma, int beta, Layer layer) {}

    private int slot(String name) {
        return Objects.requireNonNull(slots.get(name), name);
    }

    private Tensor parameter(int slot) {
        return view(input.state().parameters(), slot);
    }

    private Tensor gradient(int slot) {
        return view(input.gradients(), slot);
    }

    private Tensor view(Tensor flat, int slot) {
        try (StepScope scope = new StepScope()) {
            return StepScope.keep(
                    ParameterLayout.view(flat, input.state().layout().slots().get(slot)));
        }
    }

    private static long[] pair(long value) {
        return new long[] {value, value};
    }

    private static boolean isImage(int node) {
        return node == 0;
    }

    private final class Convolution implements ExplicitStep {
        private final int y;
        private final int x;
        private final Operation.Convolution it;
        private final int weight;
        private final int bias;
        private final Tensor weights;
        private final Tensor weightGradient;
        private final @Nullable Tensor biases;
        private final @Nullable Tensor biasGradient;
        private final BoolPointer wanted;
        /** As the convolution used them. */
        private @Nullable Tensor used;

        Convolution(int y, int x, String name, Operation.Convolution it) {
            this.y = y;
            this.x = x;
            this.it = it;
            this.weight = slot(name + ".weight");
            this.bias = it.hasBias() ? slot(name + ".bias") : -1;
            this.weights = parameter(weight);
            this.weightGradient = gradient(weight);
            this.biases = it.hasBias() ? parameter(bias) : null;
            this.biasGradient = it.hasBias() ? gradient(bias) : null;
            this.wanted = StepScope.keep(new BoolPointer(3))
                    .put(0, !isImage(x))
                    .put(1, true)
                    .put(2, it.hasBias());
        }

        @Override
        public int output() {
            return y;
        }

        @Override
        public int[] inputs() {
            return new int[] {x};
        }

        @Override
        public void forward(Tensor[] values) {
            Tensor cast = StepScope.keep(weights.to(type));
            used = cast;
            values[y] = torch.convolution(
                    values[x],
                    cast,
                    biases == null ? new TensorOptional() : new TensorOptional(biases.to(type)),
                    pair(it.stride()),
                    pair(it.padding()),
                    pair(1),
                    false,
                    pair(0),
                    it.groups());
        }

        @Override
        public void backward(Tensor[] values, Tensor[] gradients, IntConsumer onComplete) {
            Tensor cast = Objects.requireNonNull(used);
            T_TensorTensorTensor_T results = torch.convolution_backward(
                    gradients[y],
                    values[x],
                    cast,
                    new LongArrayRefOptional(new long[] {it.outputs()}),
                    pair(it.stride()),
                    pair(it.padding()),
                    pair(1),
                    false,
                    pair(0),
                    it.groups(),
                    wanted);
            cast.close();
            used = null;
            if (biasGradient != null) {
                biasGradient.copy_(results.get2());
                onComplete.accept(bias);
            }
            weightGradient.copy_(results.get1());
            onComplete.accept(weight);
            if (!isImage(x)) {
                // The tuple owns its tensors.
                ExplicitStep.add(gradients, x, new Tensor(results.get0()));
            }
        }
    }

    private final class Norm implements ExplicitStep {
        private final int y;
        private final int x;
        private final int addend;
        private final boolean rectified;
        private final NamedLayer named;
        private @Nullable Forward forward;

        /** @param addend 0 for none */
        Norm(int y, int x, int addend, boolean rectified, NamedLayer named) {
            this.y = y;
            this.x = x;
            this.addend = addend;
            this.rectified = rectified;
            this.named = named;
        }

        @Override
        public int output() {
            return y;
        }

        @Override
        public int[] inputs() {
            return addend == 0 ? new int[] {x} : new int[] {x, addend};
        }

        @Override
        public void forward(Tensor[] values) {
            Forward made = norms.forward(named.layer, values[x], addend == 0 ? null : values[addend], rectified);
            StepScope.keep(made.saved());
            forward = made;
            values[y] = made.output();
        }

        @Override
        public void backward(Tensor[] values, Tensor[] gradients, IntConsumer onComplete) {
            Forward made = Objects.requireNonNull(forward);
            Backward results = norms.backward(named.layer, gradients[y], values[x], made, addend != 0, rectified);
            made.saved().close();
            forward = null;
            onComplete.accept(named.beta);
            onComplete.accept(named.gamma);
            if (addend != 0) {
                ExplicitStep.add(gradients, addend, results.addend());
            }
            ExplicitStep.add(gradients, x, results.input());
        }
    }

    private final class Linear implements ExplicitStep {
        private final int y;
        private final int x;
        private final int weight;
        private final int bias;
        private final Tensor weights;
        private final Tensor biases;
        private final Tensor weightGradient;
        private final Tensor biasGradient;

        Linear(int y, int x, String name) {
            this.y = y;
            this.x = x;
            this.weight = slot(name + ".weight");
            this.bias = slot(name + ".bias");
            this.weights = parameter(weight);
            this.biases = parameter(bias);
            this.weightGradient = gradient(weight);
            this.biasGradient = gradient(bias);
        }

        private Tensor flat(Tensor value) {
            return value.dim() == 2 ? value : value.flatten(1, -1);
        }

        @Override
        public int output() {
            return y;
        }

        @Override
        public int[] inputs() {
            return new int[] {x};
        }

        @Override
        public void forward(Tensor[] values) {
            values[y] = torch.linear(flat(values[x]), weights.to(type), new TensorOptional(biases.to(type)));
        }

        @Override
        public void backward(Tensor[] values, Tensor[] gradients, IntConsumer onComplete) {
            Tensor dy = gradients[y];
            biasGradient.copy_(dy.sum(new long[] {0}, false, new ScalarTypeOptional()));
            onComplete.accept(bias);
            weightGradient.copy_(dy.t().mm(flat(values[x])));
            onComplete.accept(weight);
            ExplicitStep.add(gradients, x, dy.mm(weights.to(type)).view(values[x].shape()));
        }
    }
}
