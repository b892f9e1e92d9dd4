package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.any;
import static dev.lockstep.onednn.Dnnl.check;
import static dev.lockstep.onednn.Dnnl.chosen;
import static dev.lockstep.onednn.Dnnl.same;
import static dev.lockstep.onednn.Tape.square;
import static dev.lockstep.onednn.Tape.with;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.lockstep.onednn.Program.Use;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Windows over images, and channels of zeros. */
final class Pools {
    /** The tags in which oneDNN's convolutions like images. */
    private static final List<Integer> IMAGE_TAGS = List.of(dnnl_nChw16c, dnnl_nChw8c, dnnl_nhwc, dnnl_nchw);

    private final Tape tape;

    Pools(Tape tape) {
        this.tape = tape;
    }

    Value pool(int i, int x, int algorithm, long[] kernel, int stride, int padding) {
        long[] strides = square(stride);
        long[] none = square(0);
        long[] around = square(padding);
        Value source = tape.values[x];
        dnnl_primitive_desc pd = tape.program.keep(new dnnl_primitive_desc());
        check(
                dnnl_pooling_forward_primitive_desc_create(
                        pd,
                        tape.library.engine,
                        dnnl_forward_training,
                        algorithm,
                        source.layout,
                        any(tape.sizes(i), tape.type),
                        strides,
                        kernel,
                        none,
                        around,
                        around,
                        tape.library.attributes),
                "pool");
        Value y = Value.shared(chosen(pd, dnnl_query_dst_md));
        Value places = Value.shared(chosen(pd, dnnl_query_workspace_md));
        tape.program.add(pd, with(places, new Use(DNNL_ARG_SRC, source), new Use(DNNL_ARG_DST, y)));
        tape.backward.push(() -> {
            dnnl_primitive_desc back = tape.program.keep(new dnnl_primitive_desc());
            check(
                    dnnl_pooling_backward_primitive_desc_create(
                            back,
                            tape.library.engine,
                            algorithm,
                            source.layout,
                            y.layout,
                            strides,
                            kernel,
                            none,
                            around,
                            around,
                            pd,
                            tape.library.attributes),
                    "pool backward");
            Value dx = Value.shared(source.layout);
            Value dy = tape.laidOut(tape.gradient(i), y.layout);
            tape.program.add(back, with(places, new Use(DNNL_ARG_DIFF_DST, dy), new Use(DNNL_ARG_DIFF_SRC, dx)));
            tape.gradients.get(x).add(dx);
        });
        return y;
    }

    Value padded(int i, int x) {
        Value source = tape.values[x];
        Value y = Value.shared(like(source.layout, tape.sizes(x), tape.sizes(i)));
        long[] start = new long[4];
        Value part = y.as(Dnnl.part(y.layout, tape.sizes(x), start));
        tape.program.zero(y);
        tape.reorder(source, part);
        tape.backward.push(() -> {
            Value dy = tape.laidOut(tape.gradient(i), y.layout);
            Value dx = Value.shared(source.layout);
            tape.reorder(dy.as(Dnnl.part(y.layout, tape.sizes(x), start)), dx);
            tape.gradients.get(x).add(dx);
        });
        return y;
    }

    /** The layout of tape.images of another size in the same order. */
    private dnnl_memory_desc like(dnnl_memory_desc layout, long[] sizes, long... others) {
        return IMAGE_TAGS.stream()
                .filter(tag -> same(Dnnl.tagged(sizes, tape.type, tag), layout))
                .findFirst()
                .map(tag -> Dnnl.tagged(others, tape.type, tag))
                .orElseThrow(() -> new Dnnl.UnsupportedException("layout"));
    }
}
