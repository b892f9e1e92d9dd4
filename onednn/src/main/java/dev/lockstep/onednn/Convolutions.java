package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.any;
import static dev.lockstep.onednn.Dnnl.check;
import static dev.lockstep.onednn.Dnnl.chosen;
import static dev.lockstep.onednn.Dnnl.same;
import static dev.lockstep.onednn.Tape.square;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.onednn.Program.Use;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.jspecify.annotations.Nullable;

/** Convolutions, forward and backward. */
final class Convolutions {
    private final Tape tape;

    Convolutions(Tape tape) {
        this.tape = tape;
    }

    Value convolution(int i, int x, Node node, Operation.Convolution it) {
        long[] strides = square(it.stride());
        long[] none = square(0);
        long[] padding = square(it.padding());
        long[] kernel = Parameters.kernelSizes(it);
        dnnl_memory_desc bias = it.hasBias() ? tape.parameters.vector(it.outputs()) : null;
        dnnl_primitive_desc pd = choice(
                node.name(),
                tape.values[x].layout,
                tape.values[x].layout,
                x == 0,
                (made, source, same) -> dnnl_convolution_forward_primitive_desc_create(
                        made,
                        tape.library.engine,
                        dnnl_forward_training,
                        dnnl_convolution_direct,
                        source == null ? any(tape.sizes(x), tape.type) : source,
                        any(kernel, tape.type),
                        bias,
                        any(tape.sizes(i), tape.type),
                        strides,
                        none,
                        padding,
                        padding,
                        tape.library.attributes));
        Value y = Value.shared(chosen(pd, dnnl_query_dst_md));
        List<Use> uses = new ArrayList<>(List.of(
                new Use(DNNL_ARG_SRC, tape.laidOut(tape.values[x], chosen(pd, dnnl_query_src_md))),
                new Use(DNNL_ARG_WEIGHTS, tape.parameters.weights(node.name(), it, chosen(pd, dnnl_query_weights_md))),
                new Use(DNNL_ARG_DST, y)));
        if (bias != null) {
            uses.add(new Use(DNNL_ARG_BIAS, tape.parameters.vector(node.name() + ".bias")));
        }
        tape.program.add(pd, uses);
        tape.backward.push(() -> {
            Value dy = tape.gradient(i);
            convolutionWeights(x, node, it, pd, dy, strides, none, padding, kernel, bias);
            if (x != 0) {
                convolutionData(x, node, it, pd, dy, strides, none, padding, kernel);
            }
        });
        return y;
    }

    /** Creates the description of a convolution for two layouts of tape.images; null leaves one to oneDNN. */
    private interface Description {
        int create(dnnl_primitive_desc made, @Nullable dnnl_memory_desc input, @Nullable dnnl_memory_desc output);
    }

    /**
     * The layouts that the tape.images have, if oneDNN has fast code for them, else those that it prefers: what it prefers may be
     * slower than the code for the present ones, before the copies are counted.
     */
    private dnnl_primitive_desc choice(
            String name, dnnl_memory_desc input, dnnl_memory_desc output, boolean open, Description description) {
        dnnl_primitive_desc pd = tape.program.keep(new dnnl_primitive_desc());
        if (!open) {
            int status = description.create(pd, input, output);
            if (status == dnnl_success && isFast(pd)) {
                return pd;
            }
            pd = tape.program.keep(new dnnl_primitive_desc());
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
                tape.values[x].layout,
                dy.layout,
                x == 0,
                (made, from, to) -> dnnl_convolution_backward_weights_primitive_desc_create(
                        made,
                        tape.library.engine,
                        dnnl_convolution_direct,
                        from == null ? any(tape.sizes(x), tape.type) : from,
                        any(kernel, dnnl_f32),
                        bias,
                        to == null ? any(tape.sizes(node), tape.type) : to,
                        strides,
                        none,
                        padding,
                        padding,
                        hint,
                        tape.library.attributes));
        Value source = tape.laidOut(tape.again.value(x), chosen(pd, dnnl_query_src_md));
        Value target = tape.laidOut(dy, chosen(pd, dnnl_query_diff_dst_md));
        Value own = tape.parameters.kernelGradient(node.name(), it);
        dnnl_memory_desc wanted = chosen(pd, dnnl_query_diff_weights_md);
        Value made = same(wanted, own.layout) ? own : Value.shared(wanted);
        List<Use> uses = new ArrayList<>(List.of(
                new Use(DNNL_ARG_SRC, source),
                new Use(DNNL_ARG_DIFF_DST, target),
                new Use(DNNL_ARG_DIFF_WEIGHTS, made)));
        if (bias != null) {
            uses.add(new Use(DNNL_ARG_DIFF_BIAS, tape.parameters.vectorGradient(node.name() + ".bias")));
        }
        tape.program.add(pd, uses);
        if (made != own) {
            tape.reorder(made, own);
        }
        if (bias != null) {
            tape.parameters.complete(node.name() + ".bias");
        }
        tape.parameters.complete(node.name() + ".weight");
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
                tape.values[x].layout,
                dy.layout,
                false,
                (made, from, to) -> dnnl_convolution_backward_data_primitive_desc_create(
                        made,
                        tape.library.engine,
                        dnnl_convolution_direct,
                        from == null ? any(tape.sizes(x), tape.type) : from,
                        any(kernel, tape.type),
                        to == null ? any(tape.sizes(node), tape.type) : to,
                        strides,
                        none,
                        padding,
                        padding,
                        hint,
                        tape.library.attributes));
        Value dx = Value.shared(chosen(pd, dnnl_query_diff_src_md));
        tape.program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_DIFF_DST, tape.laidOut(dy, chosen(pd, dnnl_query_diff_dst_md))),
                        new Use(
                                DNNL_ARG_WEIGHTS,
                                tape.parameters.weights(node.name(), it, chosen(pd, dnnl_query_weights_md))),
                        new Use(DNNL_ARG_DIFF_SRC, dx)));
        tape.gradients.get(x).add(dx);
    }
}
