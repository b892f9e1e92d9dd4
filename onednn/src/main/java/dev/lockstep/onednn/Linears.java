package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.any;
import static dev.lockstep.onednn.Dnnl.check;
import static dev.lockstep.onednn.Dnnl.chosen;
import static dev.lockstep.onednn.Dnnl.same;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.onednn.Program.Use;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Linear layers, forward and backward. */
final class Linears {
    private final Tape tape;

    Linears(Tape tape) {
        this.tape = tape;
    }

    Value linear(int i, int x, Node node, Operation.Linear it) {
        long[] matrix = tape.sizes(x);
        matrix[0] = it.outputs();
        dnnl_memory_desc bias = tape.parameters.vector(it.outputs());
        dnnl_memory_desc out = Dnnl.tagged(new long[] {tape.images, it.outputs()}, dnnl_f32, dnnl_ab);
        dnnl_primitive_desc pd = tape.program.keep(new dnnl_primitive_desc());
        check(
                dnnl_inner_product_forward_primitive_desc_create(
                        pd,
                        tape.library.engine,
                        dnnl_forward_training,
                        any(tape.sizes(x), tape.type),
                        any(matrix, tape.type),
                        bias,
                        out,
                        tape.library.attributes),
                node.name());
        Value y = new Value(Block.pinned(Dnnl.bytes(out)), out);
        Value source = tape.laidOut(tape.values[x], chosen(pd, dnnl_query_src_md));
        tape.program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_SRC, source),
                        new Use(
                                DNNL_ARG_WEIGHTS,
                                tape.parameters.matrix(node.name(), matrix, chosen(pd, dnnl_query_weights_md))),
                        new Use(DNNL_ARG_BIAS, tape.parameters.vector(node.name() + ".bias")),
                        new Use(DNNL_ARG_DST, y)));
        tape.backward.push(() -> {
            Value dy = tape.gradient(i);
            linearWeights(x, node, matrix, pd, dy, bias);
            linearData(x, node, matrix, pd, dy);
        });
        return y;
    }

    private void linearWeights(
            int x, Node node, long[] matrix, dnnl_primitive_desc hint, Value dy, dnnl_memory_desc bias) {
        dnnl_primitive_desc pd = tape.program.keep(new dnnl_primitive_desc());
        check(
                dnnl_inner_product_backward_weights_primitive_desc_create(
                        pd,
                        tape.library.engine,
                        any(tape.sizes(x), tape.type),
                        any(matrix, dnnl_f32),
                        bias,
                        any(new long[] {tape.images, matrix[0]}, tape.type),
                        hint,
                        tape.library.attributes),
                node.name() + " backward");
        Value source = tape.laidOut(tape.again.value(x), chosen(pd, dnnl_query_src_md));
        Value target = tape.laidOut(dy, chosen(pd, dnnl_query_diff_dst_md));
        Value own = tape.parameters.matrixGradient(node.name(), matrix);
        dnnl_memory_desc wanted = chosen(pd, dnnl_query_diff_weights_md);
        Value made = same(wanted, own.layout) ? own : Value.shared(wanted);
        tape.program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_SRC, source),
                        new Use(DNNL_ARG_DIFF_DST, target),
                        new Use(DNNL_ARG_DIFF_WEIGHTS, made),
                        new Use(DNNL_ARG_DIFF_BIAS, tape.parameters.vectorGradient(node.name() + ".bias"))));
        if (made != own) {
            tape.reorder(made, own);
        }
        tape.parameters.complete(node.name() + ".bias");
        tape.parameters.complete(node.name() + ".weight");
    }

    private void linearData(int x, Node node, long[] matrix, dnnl_primitive_desc hint, Value dy) {
        dnnl_primitive_desc pd = tape.program.keep(new dnnl_primitive_desc());
        check(
                dnnl_inner_product_backward_data_primitive_desc_create(
                        pd,
                        tape.library.engine,
                        any(tape.sizes(x), tape.type),
                        any(matrix, tape.type),
                        any(new long[] {tape.images, matrix[0]}, tape.type),
                        hint,
                        tape.library.attributes),
                node.name() + " backward");
        Value dx = Value.shared(chosen(pd, dnnl_query_diff_src_md));
        tape.program.add(
                pd,
                List.of(
                        new Use(DNNL_ARG_DIFF_DST, tape.laidOut(dy, chosen(pd, dnnl_query_diff_dst_md))),
                        new Use(
                                DNNL_ARG_WEIGHTS,
                                tape.parameters.matrix(node.name(), matrix, chosen(pd, dnnl_query_weights_md))),
                        new Use(DNNL_ARG_DIFF_SRC, dx)));
        tape.gradients.get(x).add(dx);
    }
}
