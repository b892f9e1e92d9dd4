package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.check;
import static dev.lockstep.onednn.Dnnl.chosen;
import static dev.lockstep.onednn.Tape.with;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.network.Operation.Size;
import dev.lockstep.onednn.Program.Use;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Batch norm, with the ReLU behind it. */
final class Norms {
    private final Tape tape;

    Norms(Tape tape) {
        this.tape = tape;
    }

    void batchNorm(int i, int x, Node node) {
        int relu = tape.onlyTaker(i, Operation.Relu.class);
        int flags = dnnl_use_scale | dnnl_use_shift | (relu > 0 ? dnnl_fuse_norm_relu : 0);
        Value source = tape.values[x];
        dnnl_primitive_desc pd = tape.program.keep(new dnnl_primitive_desc());
        check(
                dnnl_batch_normalization_forward_primitive_desc_create(
                        pd,
                        tape.library.engine,
                        dnnl_forward_training,
                        source.layout,
                        source.layout,
                        tape.epsilon,
                        flags,
                        tape.library.attributes),
                node.name());
        Size size = node.output();
        Value y = Value.shared(source.layout);
        Value mean = tape.parameters.mean(node.name());
        Value variance = Value.shared(mean.layout);
        Value gamma = tape.parameters.vector(node.name() + ".weight");
        Value mask = Value.shared(chosen(pd, dnnl_query_workspace_md));
        tape.program.add(
                pd,
                with(
                        mask,
                        new Use(DNNL_ARG_SRC, source),
                        new Use(DNNL_ARG_MEAN, mean),
                        new Use(DNNL_ARG_VARIANCE, variance),
                        new Use(DNNL_ARG_SCALE, gamma),
                        new Use(DNNL_ARG_SHIFT, tape.parameters.vector(node.name() + ".bias")),
                        new Use(DNNL_ARG_DST, y)));
        double count = (double) tape.images * size.height() * size.width();
        tape.eltwise(
                dnnl_eltwise_linear, (float) (count / (count - 1)), 0, variance, tape.parameters.variance(node.name()));
        int out = relu > 0 ? relu : i;
        tape.values[i] = y;
        tape.values[out] = y;
        tape.again.follows(out, x, () -> normalized(x, node, flags, mean, variance));
        tape.backward.push(() -> {
            Value input = tape.again.value(x);
            Value dy = tape.laidOut(tape.gradient(out), source.layout);
            dnnl_primitive_desc back = tape.program.keep(new dnnl_primitive_desc());
            check(
                    dnnl_batch_normalization_backward_primitive_desc_create(
                            back,
                            tape.library.engine,
                            dnnl_backward,
                            source.layout,
                            source.layout,
                            source.layout,
                            tape.epsilon,
                            flags,
                            pd,
                            tape.library.attributes),
                    node.name() + " backward");
            Value dx = Value.shared(source.layout);
            tape.program.add(
                    back,
                    with(
                            mask,
                            new Use(DNNL_ARG_SRC, input),
                            new Use(DNNL_ARG_MEAN, mean),
                            new Use(DNNL_ARG_VARIANCE, variance),
                            new Use(DNNL_ARG_SCALE, gamma),
                            new Use(DNNL_ARG_DIFF_DST, dy),
                            new Use(DNNL_ARG_DIFF_SRC, dx),
                            new Use(DNNL_ARG_DIFF_SCALE, tape.parameters.vectorGradient(node.name() + ".weight")),
                            new Use(DNNL_ARG_DIFF_SHIFT, tape.parameters.vectorGradient(node.name() + ".bias"))));
            tape.parameters.complete(node.name() + ".bias");
            tape.parameters.complete(node.name() + ".weight");
            tape.gradients.get(x).add(dx);
        });
    }

    /** The output again, from its input and statistics. */
    private Value normalized(int x, Node node, int flags, Value mean, Value variance) {
        Value source = tape.again.value(x);
        dnnl_primitive_desc pd = tape.program.keep(new dnnl_primitive_desc());
        check(
                dnnl_batch_normalization_forward_primitive_desc_create(
                        pd,
                        tape.library.engine,
                        dnnl_forward_inference,
                        source.layout,
                        source.layout,
                        tape.epsilon,
                        flags | dnnl_use_global_stats,
                        tape.library.attributes),
                node.name() + " again");
        Value y = Value.shared(source.layout);
        tape.program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_SRC, source),
                        new Use(DNNL_ARG_MEAN, mean),
                        new Use(DNNL_ARG_VARIANCE, variance),
                        new Use(DNNL_ARG_SCALE, tape.parameters.vector(node.name() + ".weight")),
                        new Use(DNNL_ARG_SHIFT, tape.parameters.vector(node.name() + ".bias")),
                        new Use(DNNL_ARG_DST, y)));
        return y;
    }
}
