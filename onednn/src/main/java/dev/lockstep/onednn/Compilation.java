package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.any;
import static dev.lockstep.onednn.Dnnl.check;
import static dev.lockstep.onednn.Dnnl.chosen;
import static dev.lockstep.onednn.Dnnl.same;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.network.Operation.Size;
import dev.lockstep.onednn.Program.Use;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.jspecify.annotations.Nullable;

/**
 * Translates a network into a program: first the forward pass, then, in reverse order, what {@link #backward} holds.
 * Convolutions choose their layouts; every other operation keeps those of its input.
 */
final class Compilation {
    /** Of the tags in which oneDNN's convolutions like images. */
    private static final List<Integer> IMAGE_TAGS = List.of(dnnl_nChw16c, dnnl_nChw8c, dnnl_nhwc, dnnl_nchw);

    private final Dnnl library;
    private final NetworkGraph graph;
    private final Parameters parameters;
    private final int images;
    private final int type;
    private final float epsilon;
    final Program program;
    private final Value[] values;
    private final List<List<Value>> gradients = new ArrayList<>();
    private final Deque<Runnable> backward = new ArrayDeque<>();

    /** The images, n × height × width × channels in memory. */
    final Value input;
    /** n × classes. */
    final Value logits;
    /** The loss's gradient for them. */
    final Value logitsGradient;
    /** The first command of the backward pass. */
    final int forwardEnd;

    /** @param type of activations: f32 or bf16 */
    Compilation(Dnnl library, NetworkGraph graph, Parameters parameters, int images, int type, double epsilon) {
        this.library = library;
        this.graph = graph;
        this.parameters = parameters;
        this.images = images;
        this.type = type;
        this.epsilon = (float) epsilon;
        this.program = parameters.program;
        this.values = new Value[graph.nodes().size()];
        graph.nodes().forEach(node -> gradients.add(new ArrayList<>()));
        this.input = new Value(Block.at(0), Dnnl.tagged(sizes(0), dnnl_f32, dnnl_nhwc));
        values[0] = input;
        for (int i = 1; i < values.length; i++) {
            if (values[i] == null) {
                forward(i, graph.nodes().get(i));
            }
        }
        int last = values.length - 1;
        this.logits = values[last];
        this.logitsGradient = new Value(Block.pinned(Dnnl.bytes(logits.layout)), logits.layout);
        this.forwardEnd = program.size();
        gradients.get(last).add(logitsGradient);
        while (!backward.isEmpty()) {
            backward.pop().run();
        }
    }

    private long[] sizes(int node) {
        return sizes(graph.nodes().get(node));
    }

    private long[] sizes(Node node) {
        Size size = node.output();
        return new long[] {images, size.channels(), size.height(), size.width()};
    }

    private void forward(int i, Node node) {
        Operation operation = node.operation();
        int x = node.inputs().get(0);
        if (operation instanceof Operation.Convolution convolution) {
            values[i] = convolution(i, x, node, convolution);
        } else if (operation instanceof Operation.BatchNorm) {
            batchNorm(i, x, node);
        } else if (operation instanceof Operation.Relu) {
            values[i] = pointwise(i, x, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd, 0);
        } else if (operation instanceof Operation.Relu6) {
            values[i] = pointwise(i, x, dnnl_eltwise_clip_v2, dnnl_eltwise_clip_v2_use_dst_for_bwd, 6);
        } else if (operation instanceof Operation.Add) {
            sum(i, x, node.inputs().get(1));
        } else if (operation instanceof Operation.MaxPool pool) {
            values[i] = pool(i, x, dnnl_pooling_max, square(pool.kernel()), pool.stride(), pool.padding());
        } else if (operation instanceof Operation.GlobalAverage) {
            long[] all = Arrays.copyOfRange(sizes(x), 2, 4);
            values[i] = pool(i, x, dnnl_pooling_avg_exclude_padding, all, 1, 0);
        } else if (operation instanceof Operation.Subsample subsample) {
            values[i] = pool(i, x, dnnl_pooling_avg_exclude_padding, square(1), subsample.stride(), 0);
        } else if (operation instanceof Operation.PadChannels) {
            values[i] = padded(i, x);
        } else if (operation instanceof Operation.Linear linear) {
            values[i] = linear(i, x, node, linear);
        } else {
            throw new Dnnl.UnsupportedException(operation.label() + " (" + node.name() + ")");
        }
    }

    private static long[] square(long side) {
        return new long[] {side, side};
    }

    private Value convolution(int i, int x, Node node, Operation.Convolution it) {
        long[] strides = square(it.stride());
        long[] none = square(0);
        long[] padding = square(it.padding());
        long[] kernel = Parameters.kernelSizes(it);
        dnnl_memory_desc bias = it.hasBias() ? parameters.vector(it.outputs()) : null;
        dnnl_primitive_desc pd = choice(
                node.name(),
                values[x].layout,
                values[x].layout,
                x == 0,
                (made, source, same) -> dnnl_convolution_forward_primitive_desc_create(
                        made,
                        library.engine,
                        dnnl_forward_training,
                        dnnl_convolution_direct,
                        source == null ? any(sizes(x), type) : source,
                        any(kernel, type),
                        bias,
                        any(sizes(i), type),
                        strides,
                        none,
                        padding,
                        padding,
                        library.attributes));
        Value y = Value.shared(chosen(pd, dnnl_query_dst_md));
        List<Use> uses = new ArrayList<>(List.of(
                new Use(DNNL_ARG_SRC, laidOut(values[x], chosen(pd, dnnl_query_src_md))),
                new Use(DNNL_ARG_WEIGHTS, parameters.weights(node.name(), it, chosen(pd, dnnl_query_weights_md))),
                new Use(DNNL_ARG_DST, y)));
        if (bias != null) {
            uses.add(new Use(DNNL_ARG_BIAS, parameters.vector(node.name() + ".bias")));
        }
        program.add(pd, uses);
        backward.push(() -> {
            Value dy = gradient(i);
            convolutionWeights(x, node, it, pd, dy, strides, none, padding, kernel, bias);
            if (x != 0) {
                convolutionData(x, node, it, pd, dy, strides, none, padding, kernel);
            }
        });
        return y;
    }

    /** Creates the description of a convolution for two layouts of images; null leaves one to oneDNN. */
    private interface Description {
        int create(dnnl_primitive_desc made, @Nullable dnnl_memory_desc input, @Nullable dnnl_memory_desc output);
    }

    /**
     * The layouts that the images have, if oneDNN has fast code for them, else those that it prefers: what it prefers may be
     * slower than the code for the present ones, before the copies are counted.
     */
    private dnnl_primitive_desc choice(
            String name, dnnl_memory_desc input, dnnl_memory_desc output, boolean open, Description description) {
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        if (!open) {
            int status = description.create(pd, input, output);
            if (status == dnnl_success && isFast(pd)) {
                return pd;
            }
            pd = program.keep(new dnnl_primitive_desc());
        }
        check(description.create(pd, null, null), name);
        return pd;
    }

    private static boolean isFast(dnnl_primitive_desc pd) {
        String name = Dnnl.implementation(pd);
        return name.startsWith("jit") || name.startsWith("brg");
    }

    private void convolutionWeights(
            int x,
            Node node,
            Operation.Convolution it,
            dnnl_primitive_desc hint,
            Value dy,
            long[] strides,
            long[] none,
            long[] padding,
            long[] kernel,
            @Nullable dnnl_memory_desc bias) {
        dnnl_primitive_desc pd = choice(
                node.name() + " backward",
                values[x].layout,
                dy.layout,
                x == 0,
                (made, from, to) -> dnnl_convolution_backward_weights_primitive_desc_create(
                        made,
                        library.engine,
                        dnnl_convolution_direct,
                        from == null ? any(sizes(x), type) : from,
                        any(kernel, dnnl_f32),
                        bias,
                        to == null ? any(sizes(node), type) : to,
                        strides,
                        none,
                        padding,
                        padding,
                        hint,
                        library.attributes));
        Value source = laidOut(values[x], chosen(pd, dnnl_query_src_md));
        Value target = laidOut(dy, chosen(pd, dnnl_query_diff_dst_md));
        Value own = parameters.kernelGradient(node.name(), it);
        dnnl_memory_desc wanted = chosen(pd, dnnl_query_diff_weights_md);
        Value made = same(wanted, own.layout) ? own : Value.shared(wanted);
        List<Use> uses = new ArrayList<>(List.of(
                new Use(DNNL_ARG_SRC, source),
                new Use(DNNL_ARG_DIFF_DST, target),
                new Use(DNNL_ARG_DIFF_WEIGHTS, made)));
        if (bias != null) {
            uses.add(new Use(DNNL_ARG_DIFF_BIAS, parameters.vectorGradient(node.name() + ".bias")));
        }
        program.add(pd, uses);
        if (made != own) {
            reorder(made, own);
        }
        if (bias != null) {
            parameters.complete(node.name() + ".bias");
        }
        parameters.complete(node.name() + ".weight");
    }

    private void convolutionData(
            int x,
            Node node,
            Operation.Convolution it,
            dnnl_primitive_desc hint,
            Value dy,
            long[] strides,
            long[] none,
            long[] padding,
            long[] kernel) {
        dnnl_primitive_desc pd = choice(
                node.name() + " backward",
                values[x].layout,
                dy.layout,
                false,
                (made, from, to) -> dnnl_convolution_backward_data_primitive_desc_create(
                        made,
                        library.engine,
                        dnnl_convolution_direct,
                        from == null ? any(sizes(x), type) : from,
                        any(kernel, type),
                        to == null ? any(sizes(node), type) : to,
                        strides,
                        none,
                        padding,
                        padding,
                        hint,
                        library.attributes));
        Value dx = Value.shared(chosen(pd, dnnl_query_diff_src_md));
        program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_DIFF_DST, laidOut(dy, chosen(pd, dnnl_query_diff_dst_md))),
                        new Use(
                                DNNL_ARG_WEIGHTS,
                                parameters.weights(node.name(), it, chosen(pd, dnnl_query_weights_md))),
                        new Use(DNNL_ARG_DIFF_SRC, dx)));
        gradients.get(x).add(dx);
    }

    private void batchNorm(int i, int x, Node node) {
        int relu = onlyTaker(i, Operation.Relu.class);
        int flags = dnnl_use_scale | dnnl_use_shift | (relu > 0 ? dnnl_fuse_norm_relu : 0);
        Value source = values[x];
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_batch_normalization_forward_primitive_desc_create(
                        pd,
                        library.engine,
                        dnnl_forward_training,
                        source.layout,
                        source.layout,
                        epsilon,
                        flags,
                        library.attributes),
                node.name());
        Size size = node.output();
        Value y = Value.shared(source.layout);
        Value mean = parameters.mean(node.name());
        Value variance = Value.shared(mean.layout);
        Value gamma = parameters.vector(node.name() + ".weight");
        Value mask = Value.shared(chosen(pd, dnnl_query_workspace_md));
        program.add(
                pd,
                with(
                        mask,
                        new Use(DNNL_ARG_SRC, source),
                        new Use(DNNL_ARG_MEAN, mean),
                        new Use(DNNL_ARG_VARIANCE, variance),
                        new Use(DNNL_ARG_SCALE, gamma),
                        new Use(DNNL_ARG_SHIFT, parameters.vector(node.name() + ".bias")),
                        new Use(DNNL_ARG_DST, y)));
        double count = (double) images * size.height() * size.width();
        eltwise(dnnl_eltwise_linear, (float) (count / (count - 1)), 0, variance, parameters.variance(node.name()));
        int out = relu > 0 ? relu : i;
        values[i] = y;
        values[out] = y;
        backward.push(() -> {
            Value dy = laidOut(gradient(out), source.layout);
            dnnl_primitive_desc back = program.keep(new dnnl_primitive_desc());
            check(
                    dnnl_batch_normalization_backward_primitive_desc_create(
                            back,
                            library.engine,
                            dnnl_backward,
                            source.layout,
                            source.layout,
                            source.layout,
                            epsilon,
                            flags,
                            pd,
                            library.attributes),
                    node.name() + " backward");
            Value dx = Value.shared(source.layout);
            program.add(
                    back,
                    with(
                            mask,
                            new Use(DNNL_ARG_SRC, source),
                            new Use(DNNL_ARG_MEAN, mean),
                            new Use(DNNL_ARG_VARIANCE, variance),
                            new Use(DNNL_ARG_SCALE, gamma),
                            new Use(DNNL_ARG_DIFF_DST, dy),
                            new Use(DNNL_ARG_DIFF_SRC, dx),
                            new Use(DNNL_ARG_DIFF_SCALE, parameters.vectorGradient(node.name() + ".weight")),
                            new Use(DNNL_ARG_DIFF_SHIFT, parameters.vectorGradient(node.name() + ".bias"))));
            parameters.complete(node.name() + ".bias");
            parameters.complete(node.name() + ".weight");
            gradients.get(x).add(dx);
        });
    }

    private static List<Use> with(Value workspace, Use... uses) {
        List<Use> all = new ArrayList<>(List.of(uses));
        if (workspace.block.bytes > 0) {
            all.add(new Use(DNNL_ARG_WORKSPACE, workspace));
        }
        return all;
    }

    /** The only node that takes the output of another, if it is of a kind; else 0. */
    private int onlyTaker(int node, Class<? extends Operation> kind) {
        int found = 0;
        for (int i = node + 1; i < values.length; i++) {
            if (graph.nodes().get(i).inputs().contains(node)) {
                if (found > 0 || !kind.isInstance(graph.nodes().get(i).operation())) {
                    return 0;
                }
                found = i;
            }
        }
        return found;
    }

    /** One number at a time, without a backward pass. */
    private void eltwise(int algorithm, float alpha, float beta, Value x, Value y) {
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

    private Value pointwise(int i, int x, int algorithm, int byOutput, float most) {
        Value y = Value.shared(values[x].layout);
        eltwise(algorithm, 0, most, values[x], y);
        backward.push(() -> gradients.get(x).add(masked(gradient(i), y, byOutput, most)));
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

    private void sum(int i, int a, int b) {
        int relu = onlyTaker(i, Operation.Relu.class);
        Value y = added(values[a], values[b], relu > 0);
        int out = relu > 0 ? relu : i;
        values[i] = y;
        values[out] = y;
        backward.push(() -> {
            Value dy = relu > 0 ? masked(gradient(out), y, dnnl_eltwise_relu_use_dst_for_bwd, 0) : gradient(out);
            gradients.get(a).add(dy);
            gradients.get(b).add(dy);
        });
    }

    private Value added(Value a, Value b, boolean rectifies) {
        Value y = Value.shared(a.layout);
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

    private Value pool(int i, int x, int algorithm, long[] kernel, int stride, int padding) {
        long[] strides = square(stride);
        long[] none = square(0);
        long[] around = square(padding);
        Value source = values[x];
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_pooling_forward_primitive_desc_create(
                        pd,
                        library.engine,
                        dnnl_forward_training,
                        algorithm,
                        source.layout,
                        any(sizes(i), type),
                        strides,
                        kernel,
                        none,
                        around,
                        around,
                        library.attributes),
                "pool");
        Value y = Value.shared(chosen(pd, dnnl_query_dst_md));
        Value places = Value.shared(chosen(pd, dnnl_query_workspace_md));
        program.add(pd, with(places, new Use(DNNL_ARG_SRC, source), new Use(DNNL_ARG_DST, y)));
        backward.push(() -> {
            dnnl_primitive_desc back = program.keep(new dnnl_primitive_desc());
            check(
                    dnnl_pooling_backward_primitive_desc_create(
                            back,
                            library.engine,
                            algorithm,
                            source.layout,
                            y.layout,
                            strides,
                            kernel,
                            none,
                            around,
                            around,
                            pd,
                            library.attributes),
                    "pool backward");
            Value dx = Value.shared(source.layout);
            Value dy = laidOut(gradient(i), y.layout);
            program.add(back, with(places, new Use(DNNL_ARG_DIFF_DST, dy), new Use(DNNL_ARG_DIFF_SRC, dx)));
            gradients.get(x).add(dx);
        });
        return y;
    }

    private Value padded(int i, int x) {
        Value source = values[x];
        Value y = Value.shared(like(source.layout, sizes(x), sizes(i)));
        long[] start = new long[4];
        Value part = y.as(Dnnl.part(y.layout, sizes(x), start));
        program.zero(y);
        reorder(source, part);
        backward.push(() -> {
            Value dy = laidOut(gradient(i), y.layout);
            Value dx = Value.shared(source.layout);
            reorder(dy.as(Dnnl.part(y.layout, sizes(x), start)), dx);
            gradients.get(x).add(dx);
        });
        return y;
    }

    /** The layout of images of another size in the same order. */
    private dnnl_memory_desc like(dnnl_memory_desc layout, long[] sizes, long... others) {
        return IMAGE_TAGS.stream()
                .filter(tag -> same(Dnnl.tagged(sizes, type, tag), layout))
                .findFirst()
                .map(tag -> Dnnl.tagged(others, type, tag))
                .orElseThrow(() -> new Dnnl.UnsupportedException("layout"));
    }

    private Value linear(int i, int x, Node node, Operation.Linear it) {
        long[] matrix = sizes(x);
        matrix[0] = it.outputs();
        dnnl_memory_desc bias = parameters.vector(it.outputs());
        dnnl_memory_desc out = Dnnl.tagged(new long[] {images, it.outputs()}, dnnl_f32, dnnl_ab);
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_inner_product_forward_primitive_desc_create(
                        pd,
                        library.engine,
                        dnnl_forward_training,
                        any(sizes(x), type),
                        any(matrix, type),
                        bias,
                        out,
                        library.attributes),
                node.name());
        Value y = new Value(Block.pinned(Dnnl.bytes(out)), out);
        Value source = laidOut(values[x], chosen(pd, dnnl_query_src_md));
        program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_SRC, source),
                        new Use(
                                DNNL_ARG_WEIGHTS,
                                parameters.matrix(node.name(), matrix, chosen(pd, dnnl_query_weights_md))),
                        new Use(DNNL_ARG_BIAS, parameters.vector(node.name() + ".bias")),
                        new Use(DNNL_ARG_DST, y)));
        backward.push(() -> {
            Value dy = gradient(i);
            linearWeights(x, node, matrix, pd, dy, bias);
            linearData(x, node, matrix, pd, dy);
        });
        return y;
    }

    private void linearWeights(
            int x, Node node, long[] matrix, dnnl_primitive_desc hint, Value dy, dnnl_memory_desc bias) {
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_inner_product_backward_weights_primitive_desc_create(
                        pd,
                        library.engine,
                        any(sizes(x), type),
                        any(matrix, dnnl_f32),
                        bias,
                        any(new long[] {images, matrix[0]}, type),
                        hint,
                        library.attributes),
                node.name() + " backward");
        Value source = laidOut(values[x], chosen(pd, dnnl_query_src_md));
        Value target = laidOut(dy, chosen(pd, dnnl_query_diff_dst_md));
        Value own = parameters.matrixGradient(node.name(), matrix);
        dnnl_memory_desc wanted = chosen(pd, dnnl_query_diff_weights_md);
        Value made = same(wanted, own.layout) ? own : Value.shared(wanted);
        program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_SRC, source),
                        new Use(DNNL_ARG_DIFF_DST, target),
                        new Use(DNNL_ARG_DIFF_WEIGHTS, made),
                        new Use(DNNL_ARG_DIFF_BIAS, parameters.vectorGradient(node.name() + ".bias"))));
        if (made != own) {
            reorder(made, own);
        }
        parameters.complete(node.name() + ".bias");
        parameters.complete(node.name() + ".weight");
    }

    private void linearData(int x, Node node, long[] matrix, dnnl_primitive_desc hint, Value dy) {
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_inner_product_backward_data_primitive_desc_create(
                        pd,
                        library.engine,
                        any(sizes(x), type),
                        any(matrix, type),
                        any(new long[] {images, matrix[0]}, type),
                        hint,
                        library.attributes),
                node.name() + " backward");
        Value dx = Value.shared(chosen(pd, dnnl_query_diff_src_md));
        program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_DIFF_DST, laidOut(dy, chosen(pd, dnnl_query_diff_dst_md))),
                        new Use(
                                DNNL_ARG_WEIGHTS,
                                parameters.matrix(node.name(), matrix, chosen(pd, dnnl_query_weights_md))),
                        new Use(DNNL_ARG_DIFF_SRC, dx)));
        gradients.get(x).add(dx);
    }

    /** The gradient of a node's output: the sum over those that take it. */
    private Value gradient(int node) {
        List<Value> parts = gradients.get(node);
        if (parts.isEmpty()) {
            throw new Dnnl.UnsupportedException(
                    "a value that nothing uses: " + graph.nodes().get(node).name());
        }
        Value sum = parts.get(0);
        for (Value part : parts.subList(1, parts.size())) {
            sum = added(sum, part, false);
        }
        return sum;
    }

    private Value laidOut(Value value, dnnl_memory_desc layout) {
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

    private void reorder(Value from, Value to) {
        program.add(parameters.reordering(from, to), List.of(new Use(DNNL_ARG_FROM, from), new Use(DNNL_ARG_TO, to)));
    }
}
