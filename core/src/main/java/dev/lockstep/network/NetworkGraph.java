package dev.lockstep.network;

import dev.lockstep.network.Operation.Size;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A network as data: operations in the order in which they are computed. Everything is derived from it: the libtorch
 * module, the names, shapes, roles and first values of its parameters, and what {@code plan} needs to know.
 */
public final class NetworkGraph {
    private final ClassificationTask task;
    private final List<Node> nodes;

    /**
     * An operation at its position in the graph.
     *
     * @param name that of torchvision's state dict if it has parameters, else a description
     * @param inputs indices of the nodes whose outputs it takes
     * @param output size of one image
     */
    public record Node(String name, Operation operation, List<Integer> inputs, Size output) {
        public Node {
            inputs = List.copyOf(inputs);
        }

        public List<Parameter> parameters() {
            return operation.parameters(name);
        }
    }

    private NetworkGraph(ClassificationTask task, List<Node> nodes) {
        this.task = task;
        this.nodes = List.copyOf(nodes);
    }

    public static Builder of(ClassificationTask task) {
        return new Builder(task);
    }

    public ClassificationTask task() {
        return task;
    }

    /** The first is the image, the last gives the logits; every node comes after its inputs. */
    public List<Node> nodes() {
        return nodes;
    }

    /** In the order of the nodes. */
    public List<Parameter> parameters() {
        return nodes.stream().flatMap(node -> node.parameters().stream()).toList();
    }

    /** Channels of the first convolution, {@code model.width} in recipes; empty if there is none. */
    public OptionalInt width() {
        return nodes.stream()
                .map(Node::operation)
                .filter(Operation.Convolution.class::isInstance)
                .mapToInt(operation -> ((Operation.Convolution) operation).outputs())
                .findFirst();
    }

    /** Whether only one node uses the output of another. */
    public boolean isTakenOnce(int node) {
        return nodes.stream()
                        .flatMap(taker -> taker.inputs().stream())
                        .filter(input -> input == node)
                        .count()
                == 1;
    }

    /** Its size, layer by layer. */
    public NetworkShape shape() {
        long[] kept = keptFloats();
        List<NetworkShape.Layer> layers = IntStream.range(1, nodes.size())
                .mapToObj(i -> layer(nodes.get(i), kept[i]))
                .toList();
        return new NetworkShape(layers, nodes.get(0).output().floats());
    }

    private NetworkShape.Layer layer(Node node, long kept) {
        Size input = nodes.get(node.inputs.get(0)).output;
        Operation operation = node.operation;
        return new NetworkShape.Layer(
                node.name, node.parameters(), operation.statistics(), operation.flops(input, node.output), kept);
    }

    /** By node: the floats per image that the forward pass keeps for the backward pass. Every tensor counts once. */
    private long[] keptFloats() {
        Set<Integer> kept = new HashSet<>();
        for (int i = 1; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            if (node.operation.keepsInput()) {
                node.inputs.forEach(input -> kept.add(owner(input)));
            }
            if (node.operation.keepsOutput()) {
                kept.add(owner(i));
            }
        }
        // The loss keeps the logits.
        kept.add(owner(nodes.size() - 1));
        long[] floats = new long[nodes.size()];
        Arrays.setAll(floats, i -> {
            Node node = nodes.get(i);
            return (kept.contains(i) ? node.output.floats() : 0) + node.operation.keeps(node.output);
        });
        return floats;
    }

    /** The node whose output provides the memory of this one's output. */
    private int owner(int node) {
        return nodes.get(node).operation.isView() ? owner(nodes.get(node).inputs.get(0)) : node;
    }

    /** Builds a network, operation by operation. Unsuitable arguments cause an {@link IllegalArgumentException}. */
    public static final class Builder {
        private final ClassificationTask task;
        private final List<Node> nodes = new ArrayList<>();
        private final Set<String> names = new HashSet<>();

        /** The output of an operation. */
        public record Value(int node, Size size) {
            public int channels() {
                return size.channels();
            }
        }

        private Builder(ClassificationTask task) {
            this.task = task;
            Size image = new Size(task.channels(), task.height(), task.width());
            nodes.add(new Node("image", new Operation.Image(image), List.of(), image));
        }

        public Value image() {
            return new Value(0, nodes.get(0).output);
        }

        /**
         * Adds an operation.
         *
         * @param name torchvision's where it has parameters, such as {@code layer1.0.conv1}
         */
        public Value add(String name, Operation operation, Value... inputs) {
            Size output =
                    operation.output(Arrays.stream(inputs).map(Value::size).toList());
            if (!operation.parameters(name).isEmpty() && !names.add(name)) {
                throw new IllegalArgumentException("name = " + name + " is taken");
            }
            nodes.add(new Node(
                    name, operation, Arrays.stream(inputs).map(Value::node).toList(), output));
            return new Value(nodes.size() - 1, output);
        }

        /** Without bias, padded so that stride 1 keeps the size; initial values are He's, by fan-out. */
        public Value convolution(String name, Value x, int outputs, int kernel, int stride) {
            return convolution(name, x, outputs, kernel, stride, 1);
        }

        /** The same in groups of channels. The fan-out counts all outputs, as PyTorch's does. */
        public Value convolution(String name, Value x, int outputs, int kernel, int stride, int groups) {
            Initial initial = Initial.heFanOut(outputs, kernel);
            return add(
                    name,
                    new Operation.Convolution(
                            x.channels(), outputs, kernel, stride, kernel / 2, groups, false, initial),
                    x);
        }

        /** @param gamma the initial value of γ */
        public Value batchNorm(String name, Value x, double gamma) {
            return add(name, new Operation.BatchNorm(x.channels(), gamma), x);
        }

        public Value relu(Value x) {
            return add("relu", new Operation.Relu(), x);
        }

        /** min(max(x, 0), 6). */
        public Value relu6(Value x) {
            return add("relu6", new Operation.Relu6(), x);
        }

        public Value add(Value a, Value b) {
            return add("add", new Operation.Add(), a, b);
        }

        /** Padded so that stride 1 keeps the size. */
        public Value maxPool(Value x, int kernel, int stride) {
            return add("maxpool", new Operation.MaxPool(kernel, stride, kernel / 2), x);
        }

        public Value globalAverage(Value x) {
            return add("avgpool", new Operation.GlobalAverage(), x);
        }

        /**
         * Ends the network with a linear layer that gives each class a logit.
         *
         * @param initial of the matrix
         */
        public NetworkGraph classifier(String name, Value x, Initial initial, Initial initialBias) {
            int inputs = Math.toIntExact(x.size.floats());
            add(name, new Operation.Linear(inputs, task.classes(), initial, initialBias), x);
            return new NetworkGraph(task, nodes);
        }
    }
}
