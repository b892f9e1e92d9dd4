package dev.lockstep.onednn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.jspecify.annotations.Nullable;

/** A tensor of a program: a block of memory and its layout. */
final class Value {
    final Block block;
    final dnnl_memory_desc layout;
    /** The same numbers in other layouts. */
    final List<Value> copies = new ArrayList<>();
    /** Made once the block has an address. */
    @Nullable
    dnnl_memory memory;

    Value(Block block, dnnl_memory_desc layout) {
        this.block = block;
        this.layout = layout;
    }

    static Value shared(dnnl_memory_desc layout) {
        return new Value(Block.shared(Dnnl.bytes(layout)), layout);
    }

    /** Part of this value, or all of it by another name. */
    Value as(dnnl_memory_desc part) {
        return new Value(block, part);
    }
}
