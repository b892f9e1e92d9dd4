package dev.lockstep.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_eltwise_clip_v2;
import static org.bytedeco.dnnl.global.dnnl.dnnl_eltwise_clip_v2_use_dst_for_bwd;
import static org.bytedeco.dnnl.global.dnnl.dnnl_eltwise_relu;
import static org.bytedeco.dnnl.global.dnnl.dnnl_eltwise_relu_use_dst_for_bwd;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_nhwc;
import static org.bytedeco.dnnl.global.dnnl.dnnl_pooling_avg_exclude_padding;
import static org.bytedeco.dnnl.global.dnnl.dnnl_pooling_max;

import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import java.util.Arrays;

/**
 * Translates a network into a program: first the forward pass, then, in reverse order, what the {@link Tape} holds.
 * Convolutions choose their layouts; every other operation keeps those of its input.
 */
final class Compilation {
    private final Tape tape;
    private final Convolutions convolutions;
    private final Norms norms;
    private final Pools pools;
    private final Linears linears;

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
        this.tape = new Tape(library, graph, parameters, images, type, epsilon);
        this.convolutions = new Convolutions(tape);
        this.norms = new Norms(tape);
        this.pools = new Pools(tape);
        this.linears = new Linears(tape);
        this.input = new Value(Block.at(0), Dnnl.tagged(tape.sizes(0), dnnl_f32, dnnl_nhwc));
        Value[] values = tape.values;
        values[0] = input;
        for (int i = 1; i < values.length; i++) {
            if (values[i] == null) {
                forward(i, graph.nodes().get(i));
            }
        }
        int last = values.length - 1;
        this.logits = values[last];
        this.logitsGradient = new Value(Block.pinned(Dnnl.bytes(logits.layout)), logits.layout);
        this.forwardEnd = tape.program.size();
        tape.gradients.get(last).add(logitsGradient);
        while (!tape.backward.isEmpty()) {
            tape.backward.pop().run();
        }
    }

    private void forward(int i, Node node) {
        Operation operation = node.operation();
        int x = node.inputs().get(0);
        if (operation instanceof Operation.BatchNorm) {
            norms.batchNorm(i, x, node);
        } else if (operation instanceof Operation.Add) {
            tape.sum(i, x, node.inputs().get(1));
        } else {
            tape.values[i] = value(i, x, node);
        }
    }

    private Value value(int i, int x, Node node) {
        Operation operation = node.operation();
        if (operation instanceof Operation.Convolution convolution) {
            return convolutions.convolution(i, x, node, convolution);
        } else if (operation instanceof Operation.Relu) {
            return tape.pointwise(i, x, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd, 0);
        } else if (operation instanceof Operation.Relu6) {
            return tape.pointwise(i, x, dnnl_eltwise_clip_v2, dnnl_eltwise_clip_v2_use_dst_for_bwd, 6);
        } else if (operation instanceof Operation.MaxPool pool) {
            return pools.pool(i, x, dnnl_pooling_max, Tape.square(pool.kernel()), pool.stride(), pool.padding());
        } else if (operation instanceof Operation.GlobalAverage) {
            long[] all = Arrays.copyOfRange(tape.sizes(x), 2, 4);
            return pools.pool(i, x, dnnl_pooling_avg_exclude_padding, all, 1, 0);
        } else if (operation instanceof Operation.Subsample subsample) {
            return pools.pool(i, x, dnnl_pooling_avg_exclude_padding, Tape.square(1), subsample.stride(), 0);
        } else if (operation instanceof Operation.PadChannels) {
            return pools.padded(i, x);
        } else if (operation instanceof Operation.Linear linear) {
            return linears.linear(i, x, node, linear);
        }
        throw new Dnnl.UnsupportedException(operation.label() + " (" + node.name() + ")");
    }
}
