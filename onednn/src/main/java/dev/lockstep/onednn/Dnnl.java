package dev.lockstep.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_format_tag_any;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_submemory;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_equal;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_scratchpad_mode;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_impl_info_str;
import static org.bytedeco.dnnl.global.dnnl.dnnl_scratchpad_mode_user;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_in_order;

import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** oneDNN's C interface with failures as exceptions: an engine and a stream on the processor, layouts of memory. */
final class Dnnl {
    /** A primitive or layout that oneDNN does not have. */
    static final class UnsupportedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        UnsupportedException(String message) {
            super(message);
        }
    }

    final dnnl_engine engine = new dnnl_engine();
    final dnnl_stream stream = new dnnl_stream();
    /** Primitives work in memory that we give them, and allocate none. */
    final dnnl_primitive_attr attributes;

    Dnnl() {
        check(dnnl_engine_create(engine, dnnl.dnnl_cpu, 0), "engine");
        check(dnnl_stream_create(stream, engine, dnnl_stream_in_order), "stream");
        attributes = attributes();
    }

    /** New attributes with our scratchpad mode. */
    static dnnl_primitive_attr attributes() {
        dnnl_primitive_attr made = new dnnl_primitive_attr();
        check(dnnl_primitive_attr_create(made), "attributes");
        check(dnnl_primitive_attr_set_scratchpad_mode(made, dnnl_scratchpad_mode_user), "scratchpad");
        return made;
    }

    static void check(int status, String what) {
        if (status == dnnl.dnnl_unimplemented || status == dnnl.dnnl_invalid_arguments) {
            throw new UnsupportedException(what + " is not implemented by oneDNN");
        } else if (status != dnnl.dnnl_success) {
            throw new IllegalStateException("oneDNN failed: " + what + ", status = " + status);
        }
    }

    /** A layout by one of oneDNN's tags. */
    static dnnl_memory_desc tagged(long[] sizes, int type, int tag) {
        dnnl_memory_desc made = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_tag(made, sizes.length, sizes, type, tag), "layout");
        return made;
    }

    /** Leaves the layout to the primitive. */
    static dnnl_memory_desc any(long[] sizes, int type) {
        return tagged(sizes, type, dnnl_format_tag_any);
    }

    static dnnl_memory_desc strided(long[] sizes, int type, long... strides) {
        dnnl_memory_desc made = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_strides(made, sizes.length, sizes, type, strides), "layout");
        return made;
    }

    /** A part of a layout that starts at {@code offsets}. */
    static dnnl_memory_desc part(dnnl_memory_desc whole, long[] sizes, long... offsets) {
        dnnl_memory_desc made = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_submemory(made, whole, sizes, offsets), "part of a layout");
        return made;
    }

    static boolean same(dnnl_memory_desc a, dnnl_memory_desc b) {
        return dnnl_memory_desc_equal(a, b) != 0;
    }

    static long bytes(dnnl_memory_desc layout) {
        return layout.isNull() ? 0 : dnnl_memory_desc_get_size(layout);
    }

    /** The name of the code that computes a primitive. */
    static String implementation(dnnl_primitive_desc description) {
        try (PointerPointer<BytePointer> name = new PointerPointer<>(1)) {
            check(dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, name), "name");
            return name.get(BytePointer.class, 0).getString();
        }
    }

    /** The layout that a primitive has chosen; it lives as long as the primitive's description. */
    static dnnl_memory_desc chosen(dnnl_primitive_desc description, int what) {
        return dnnl_primitive_desc_query_md(description, what, 0);
    }
}
