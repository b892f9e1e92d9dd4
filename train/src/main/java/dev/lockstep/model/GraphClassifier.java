package dev.lockstep.model;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.channel_shuffle;
import static org.bytedeco.pytorch.global.torch.constant_pad_nd;
import static org.bytedeco.pytorch.global.torch.max_pool2d;
import static org.bytedeco.pytorch.global.torch.relu6;
import static org.bytedeco.pytorch.global.torch.relu6_;

import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.network.Parameter;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * The libtorch module of a network that is data. ReLUs and sums overwrite their input if backward does not need it, and
 * the handle of every other value is freed after its last use, so that an evaluation keeps no more memory than necessary.
 */
final class GraphClassifier extends Module implements ImageClassifier {
    private final NetworkGraph graph;
    private final Map<String, Module> containers = new HashMap<>();
    private final List<Step> steps = new ArrayList<>();
    /** By node: the node whose tensor object holds its value. */
    private final int[] holders;
    /** By node: holders whose values are not used after it. */
    private final List<int[]> finished;

    /** Computes the value of one node from those of the nodes before it. */
    private interface Step {
        Tensor apply(Tensor[] values);
    }

    GraphClassifier(NetworkGraph graph) {
        this.graph = graph;
        this.holders = new int[graph.nodes().size()];
        containers.put("", this);
        for (int i = 0; i < holders.length; i++) {
            Node node = graph.nodes().get(i);
            boolean inPlace = isInPlace(node);
            holders[i] = inPlace ? holders[node.inputs().get(0)] : i;
            steps.add(step(node, inPlace));
        }
        this.finished = finished();
    }

    private boolean isInPlace(Node node) {
        if (!(node.operation() instanceof Operation.Relu
                || node.operation() instanceof Operation.Relu6
                || node.operation() instanceof Operation.Add)) {
            return false;
        }
        Operation made = graph.nodes().get(node.inputs().get(0)).operation();
        boolean isOfItsOwn = made instanceof Operation.Convolution
                || made instanceof Operation.BatchNorm
                || made instanceof Operation.Linear
                || made instanceof Operation.Add;
        return isOfItsOwn && graph.isTakenOnce(node.inputs().get(0));
    }

    private List<int[]> finished() {
        int[] last = new int[holders.length];
        for (int i = 1; i < holders.length; i++) {
            for (int input : graph.nodes().get(i).inputs()) {
                last[holders[input]] = i;
            }
        }
        int result = holders[holders.length - 1];
        return IntStream.range(0, holders.length)
                .mapToObj(node -> IntStream.range(1, holders.length)
                        .filter(holder -> holders[holder] == holder && last[holder] == node && holder != result)
                        .toArray())
                .toList();
    }

    @Override
    public Optional<NetworkGraph> graph() {
        return Optional.of(graph);
    }

    @Override
    public Tensor forward(Tensor images) {
        Tensor[] values = new Tensor[holders.length];
        values[0] = images;
        try (StepScope scope = new StepScope()) {
            for (int i = 1; i < values.length; i++) {
                values[i] = steps.get(i).apply(values);
                for (int done : finished.get(i)) {
                    scope.release(values[done]);
                }
            }
            return scope.give(values[values.length - 1]);
        }
    }

    @Override
    public void initialize(long seed) {
        try (StringTensorDict named = named_parameters()) {
            for (Parameter parameter : graph.parameters()) {
                float[] values =
                        parameter.initial().values(seed, parameter.name(), Math.toIntExact(parameter.length()));
                Tensors.assign(named.get(parameter.name()), values);
            }
        }
    }

    private Step step(Node node, boolean inPlace) {
        int[] inputs = node.inputs().stream().mapToInt(Integer::intValue).toArray();
        if (node.operation() instanceof Operation.Image) {
            return values -> values[0];
        } else if (inputs.length == 1) {
            Single single = single(node, inPlace);
            return values -> single.apply(values[inputs[0]]);
        } else if (node.operation() instanceof Operation.Add) {
            return values -> sum(values[inputs[0]], values[inputs[1]], inPlace);
        } else if (node.operation() instanceof Operation.Concatenate) {
            return values -> concatenated(
                    Arrays.stream(inputs).mapToObj(input -> values[input]).toArray(Tensor[]::new));
        }
        throw new IllegalArgumentException("operation = " + node.operation() + " takes one input");
    }

    /** An operation on one value. */
    private interface Single {
        Tensor apply(Tensor x);
    }

    private Single single(Node node, boolean inPlace) {
        Operation operation = node.operation();
        if (operation instanceof Operation.Convolution convolution) {
            Conv2dImpl module = register(node.name(), convolution(convolution));
            return module::forward;
        } else if (operation instanceof Operation.BatchNorm norm) {
            BatchNorm2dImpl module = register(node.name(), new BatchNorm2dImpl(new BatchNormOptions(norm.channels())));
            return module::forward;
        } else if (operation instanceof Operation.Linear linear) {
            LinearImpl module = register(node.name(), new LinearImpl(linear.inputs(), linear.outputs()));
            return x -> module.forward(x.dim() == 2 ? x : x.flatten(1, -1));
        } else if (operation instanceof Operation.Relu) {
            return x -> rectified(x, inPlace);
        } else if (operation instanceof Operation.Relu6) {
            return x -> clipped(x, inPlace);
        } else if (operation instanceof Operation.MaxPool pool) {
            return x -> max_pool2d(x, pair(pool.kernel()), pair(pool.stride()), pair(pool.padding()), pair(1), false);
        } else if (operation instanceof Operation.GlobalAverage) {
            return x -> x.mean(2, 3);
        } else if (operation instanceof Operation.Subsample subsample) {
            return x -> subsampled(x, subsample.stride());
        } else if (operation instanceof Operation.PadChannels pad) {
            return x -> constant_pad_nd(x, 0, 0, 0, 0, 0, pad.appended());
        } else if (operation instanceof Operation.Channels channels) {
            return x -> x.narrow(1, channels.first(), channels.count());
        } else if (operation instanceof Operation.Shuffle shuffle) {
            return x -> channel_shuffle(x, shuffle.groups());
        }
        throw new IllegalArgumentException("operation = " + operation + " takes several inputs");
    }

    private static Conv2dImpl convolution(Operation.Convolution it) {
        Conv2dOptions options = new Conv2dOptions(it.inputs(), it.outputs(), new LongPointer(it.kernel(), it.kernel()));
        options.stride().put(0, it.stride()).put(1, it.stride());
        options.padding().put(new LongPointer(it.padding(), it.padding()));
        options.groups().put(it.groups());
        options.bias().put(it.hasBias());
        return new Conv2dImpl(options);
    }

    private static long[] pair(long value) {
        return new long[] {value, value};
    }

    private static Tensor rectified(Tensor x, boolean inPlace) {
        if (!inPlace) {
            return x.relu();
        }
        x.relu_();
        return x;
    }

    private static Tensor clipped(Tensor x, boolean inPlace) {
        return inPlace ? relu6_(x) : relu6(x);
    }

    private static Tensor sum(Tensor a, Tensor b, boolean inPlace) {
        if (!inPlace) {
            return a.add(b);
        }
        a.add_(b);
        return a;
    }

    private static Tensor subsampled(Tensor x, int stride) {
        try (StepScope scope = new StepScope()) {
            return scope.give(Tensors.slice(Tensors.slice(x, 2, 0, x.size(2), stride), 3, 0, x.size(3), stride));
        }
    }

    private static Tensor concatenated(Tensor[] parts) {
        try (StepScope scope = new StepScope()) {
            return scope.give(cat(new TensorVector(parts), 1));
        }
    }

    /** Registers a module under a dotted name and creates the containers on its path. */
    private <M extends Module> M register(String name, M module) {
        int dot = name.lastIndexOf('.');
        return container(name.substring(0, Math.max(dot, 0))).register_module(name.substring(dot + 1), module);
    }

    private Module container(String name) {
        Module known = containers.get(name);
        if (known == null) {
            known = register(name, new Module());
            containers.put(name, known);
        }
        return known;
    }
}
