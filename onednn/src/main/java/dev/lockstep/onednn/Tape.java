package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.check;
import static dev.lockstep.onednn.Dnnl.same;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.network.Operation.Size;
import dev.lockstep.onednn.Program.Use;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/**
 * What the translation of a network has come to: the value of each node, the gradients that it has so far, and what the
 * backward pass will add. With the operations that need nothing else: sums and ReLUs.
 */
final class Tape {
    final Dnnl library;
    final NetworkGraph graph;
    final Parameters parameters;
    final Program program;
    final int images;
    /** Of activations: f32 or bf16. */
    final int type;

    final float epsilon;
    /** By node; null before it is translated. */
    final Value[] values;
    /** By node: parts whose sum is its gradient. */
    final List<List<Value>> gradients = new ArrayList<>();
    /** Adds the backward pass of the last operation first. */
    final Deque<Runnable> backward = new ArrayDeque<>();

    final Again again = new Again(this);

    Tape(Dnnl library, NetworkGraph graph, Parameters parameters, int images, int type, double epsilon) {
        this.library = library;
        this.graph = graph;
        this.parameters = parameters;
        this.program = parameters.program;
        this.images = images;
        this.type = type;
        this.epsilon = (float) epsilon;
        this.values = new Value[graph.nodes().size()];
        graph.nodes().forEach(node -> gradients.add(new ArrayList<>()));
    }

    long[] sizes(int node) {
        return sizes(graph.nodes().get(node));
    }

    long[] sizes(Node node) {
        Size size = node.output();
        return new long[] {images, size.channels(), size.height(), size.width()};
    }

    /** The same size in both directions. */
    static long[] square(long side) {
        return new long[] {side, side};
    }

    /** Arguments with a workspace, if the primitive has one. */
    static List<Use> with(Value workspace, Use... uses) {
        List<Use> all = new ArrayList<>(List.of(uses));
        if (workspace.block.bytes > 0) {
            all.add(new Use(DNNL_ARG_WORKSPACE, workspace));
        }
        return all;
    }

    /** The nodes that take the output of another. */
    List<Integer> takers(int node) {
        return IntStream.range(node + 1, values.length)
                .filter(i -> graph.nodes().get(i).inputs().contains(node))
                .boxed()
                .toList();
    }

    /** The only node that takes the output of another, if it is of a kind; else 0. */
    int onlyTaker(int node, Class<? extends Operation> kind) {
        List<Integer> takers = takers(node);
        return takers.size() == 1
                        && kind.isInstance(graph.nodes().get(takers.get(0)).operation())
                ? takers.get(0)
                : 0;
    }

    /** Whether the gradient of weights needs a node's value. */
    boolean hasWeightsBehind(int node) {
        return takers(node).stream()
                .map(taker -> graph.nodes().get(taker).operation())
                .anyMatch(it -> it instanceof Operation.Convolution || it instanceof Operation.Linear);
    }

    /** One number at a time, without a backward pass. */
    void eltwise(int algorithm, float alpha, float beta, Value x, Value y) {
        program.add(
                eltwiseForward(algorithm, alpha, beta, x, y),
                List.of(new Use(DNNL_ARG_SRC, x), new Use(DNNL_ARG_DST, y)));
    }

    private dnnl_primitive_desc eltwiseForward(int algorithm, float alpha, float beta, Value x, Value y) {
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_eltwise_forward_primitive_desc_create(
                        pd,
                        library.engine,
                        dnnl_forward_training,
                        algorithm,
                        x.layout,
                        y.layout,
                        alpha,
                        beta,
                        library.attributes),
                "eltwise");
        return pd;
    }

    /**
     * A ReLU of a value that nothing else can compute together with it.
     *
     * @param byOutput the algorithm of its backward pass
     */
    Value pointwise(int i, int x, int algorithm, int byOutput, float most) {
        Value y = Value.shared(values[x].layout);
        eltwise(algorithm, 0, most, values[x], y);
        again.follows(i, x, () -> {
            Value from = again.value(x);
            Value to = again.isOnlyFor(x, i) ? from : Value.shared(from.layout);
            eltwise(algorithm, 0, most, from, to);
            return to;
        });
        backward.push(() -> gradients.get(x).add(masked(gradient(i), again.value(i), byOutput, most)));
        return y;
    }

    /** The gradient of a ReLU, by its output. */
    private Value masked(Value gradient, Value output, int algorithm, float most) {
        Value dy = laidOut(gradient, output.layout);
        Value dx = Value.shared(output.layout);
        dnnl_primitive_desc hint = eltwiseForward(algorithm, 0, most, output, output);
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_eltwise_backward_primitive_desc_create(
                        pd,
                        library.engine,
                        algorithm,
                        dx.layout,
                        dy.layout,
                        output.layout,
                        0,
                        most,
                        hint,
                        library.attributes),
                "ReLU backward");
        program.add(
                pd,
                List.of(new Use(DNNL_ARG_DST, output), new Use(DNNL_ARG_DIFF_DST, dy), new Use(DNNL_ARG_DIFF_SRC, dx)));
        return dx;
    }

    /** The sum of two images, with the ReLU behind it. */
    void sum(int i, int a, int b) {
        int relu = onlyTaker(i, Operation.Relu.class);
        Value y = added(values[a], values[b], Value.shared(values[a].layout), relu > 0);
        int out = relu > 0 ? relu : i;
        again.follows(out, a, b, () -> {
            Value from = again.value(a);
            Value other = again.value(b);
            return added(from, other, again.isOnlyFor(a, i) ? from : Value.shared(from.layout), relu > 0);
        });
        values[i] = y;
        values[out] = y;
        backward.push(() -> {
            Value dy = relu > 0
                    ? masked(gradient(out), again.value(out), dnnl_eltwise_relu_use_dst_for_bwd, 0)
                    : gradient(out);
            gradients.get(a).add(dy);
            gradients.get(b).add(dy);
        });
    }

    private Value added(Value a, Value b, Value y, boolean rectifies) {
        dnnl_primitive_attr attributes = library.attributes;
        if (rectifies) {
            attributes = Dnnl.attributes();
            dnnl_post_ops after = new dnnl_post_ops();
            check(dnnl_post_ops_create(after), "post-ops");
            check(dnnl_post_ops_append_eltwise(after, dnnl_eltwise_relu, 0, 0), "post-ops");
            check(dnnl_primitive_attr_set_post_ops(attributes, after), "post-ops");
            dnnl_post_ops_destroy(after);
        }
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_binary_primitive_desc_create(
                        pd, library.engine, dnnl_binary_add, a.layout, a.layout, y.layout, attributes),
                "sum");
        if (rectifies) {
            dnnl_primitive_attr_destroy(attributes);
        }
        program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_SRC_0, a),
                        new Use(DNNL_ARG_SRC_1, laidOut(b, a.layout)),
                        new Use(DNNL_ARG_DST, y)));
        return y;
    }

    /** The gradient of a node's output: the sum over those that take it. */
    Value gradient(int node) {
        List<Value> parts = gradients.get(node);
        if (parts.isEmpty()) {
            throw new Dnnl.UnsupportedException(
                    "a value that nothing uses: " + graph.nodes().get(node).name());
        }
        Value sum = parts.get(0);
        for (Value part : parts.subList(1, parts.size())) {
            sum = added(sum, part, Value.shared(sum.layout), false);
        }
        return sum;
    }

    /** The value itself, or a copy of it in another layout. */
    Value laidOut(Value value, dnnl_memory_desc layout) {
        if (same(value.layout, layout)) {
            return value;
        }
        for (Value copy : value.copies) {
            if (same(copy.layout, layout)) {
                return copy;
            }
        }
        Value copy = Value.shared(layout);
        reorder(value, copy);
        value.copies.add(copy);
        return copy;
    }

    void reorder(Value from, Value to) {
        program.add(parameters.reordering(from, to), List.of(new Use(DNNL_ARG_FROM, from), new Use(DNNL_ARG_TO, to)));
    }
}
