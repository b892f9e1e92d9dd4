package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.check;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Commands in the order in which they run. Once {@link #link}ed, running them allocates nothing: primitives, their
 * arguments and all memory exist.
 */
final class Program implements AutoCloseable {
    private final Dnnl library;
    private final List<Preparation> preparations = new ArrayList<>();
    private final List<Command> commands = new ArrayList<>();
    private final List<dnnl_primitive_desc> descriptions = new ArrayList<>();
    private final List<Primitive> primitives = new ArrayList<>();
    private final Set<Value> values = new LinkedHashSet<>();
    private Arena arena = new Arena(List.of());
    private dnnl_exec_arg_t arguments = new dnnl_exec_arg_t();

    /** Something that a program does. */
    interface Command {
        void run();
    }

    /** An argument of a primitive: one of oneDNN's numbers and what it stands for. */
    record Use(int argument, Value value) {}

    private record Preparation(SharedWeights.Copy copy, Command reorder) {}

    private final class Primitive implements Command {
        private final dnnl_primitive primitive = new dnnl_primitive();
        private final List<Use> uses;
        private dnnl_exec_arg_t own = new dnnl_exec_arg_t();

        Primitive(dnnl_primitive_desc description, List<Use> uses) {
            check(dnnl.dnnl_primitive_create(primitive, description), "primitive");
            this.uses = uses;
        }

        @Override
        public void run() {
            int status = dnnl.dnnl_primitive_execute(primitive, library.stream, uses.size(), own);
            if (status != dnnl.dnnl_success) {
                check(status, "execution");
            }
        }
    }

    Program(Dnnl library) {
        this.library = library;
    }

    /** The number of commands so far; the next gets this one. */
    int size() {
        return commands.size();
    }

    /** Lets a description live as long as the program. */
    dnnl_primitive_desc keep(dnnl_primitive_desc description) {
        descriptions.add(description);
        return description;
    }

    /** Adds a command that makes a copy which lanes share. Its values are in memory that is always theirs. */
    void prepare(SharedWeights.Copy copy, dnnl_primitive_desc description, List<Use> uses) {
        preparations.add(new Preparation(copy, primitive(description, uses, true)));
    }

    void add(dnnl_primitive_desc description, List<Use> uses) {
        commands.add(primitive(description, uses, false));
    }

    private Primitive primitive(dnnl_primitive_desc description, List<Use> uses, boolean always) {
        List<Use> all = new ArrayList<>(uses);
        dnnl_memory_desc needed = Dnnl.chosen(description, dnnl.dnnl_query_scratchpad_md);
        Value scratch = always ? new Value(Block.pinned(Dnnl.bytes(needed)), needed) : Value.shared(needed);
        if (scratch.block.bytes > 0) {
            all.add(new Use(dnnl.DNNL_ARG_SCRATCHPAD, scratch));
        }
        all.forEach(use -> {
            if (!always) {
                use.value.block.use(commands.size());
            }
            values.add(use.value);
        });
        Primitive made = new Primitive(description, all);
        primitives.add(made);
        return made;
    }

    /** Fills a value with zero bytes. */
    void zero(Value value) {
        value.block.use(commands.size());
        values.add(value);
        commands.add(new Zero(value.block));
    }

    private static final class Zero implements Command {
        private final Block block;
        private @Nullable Pointer place;

        Zero(Block block) {
            this.block = block;
        }

        @Override
        public void run() {
            if (place == null) {
                place = pointer(block.address);
            }
            Pointer.memset(place, 0, block.bytes);
        }
    }

    void call(Command command) {
        commands.add(command);
    }

    private static Pointer pointer(long address) {
        return new Address(address);
    }

    /** A pointer to a given address. */
    private static final class Address extends Pointer {
        Address(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    /** Places all values in memory and prepares every call. */
    void link() {
        arena = new Arena(values.stream().map(value -> value.block).distinct().toList());
        for (Value value : values) {
            dnnl_memory memory = new dnnl_memory();
            check(
                    dnnl.dnnl_memory_create(memory, value.layout, library.engine, pointer(value.block.address)),
                    "memory");
            value.memory = memory;
        }
        arguments = new dnnl_exec_arg_t(Math.max(
                        1, primitives.stream().mapToLong(it -> it.uses.size()).sum()))
                .retainReference();
        long at = 0;
        for (Primitive primitive : primitives) {
            primitive.own = arguments.getPointer(at);
            for (Use use : primitive.uses) {
                arguments.getPointer(at).arg(use.argument).memory(Objects.requireNonNull(use.value.memory));
                at++;
            }
        }
    }

    /** Moves a value of someone else's memory to another address. */
    static void place(Value value, long address) {
        check(dnnl.dnnl_memory_set_data_handle(Objects.requireNonNull(value.memory), pointer(address)), "memory");
    }

    /** Makes the copies of this generation, together with the lanes that are at it too. */
    void prepare(long generation) {
        preparations.forEach(it -> it.copy.tryMake(generation, it.reorder));
        preparations.forEach(it -> it.copy.make(generation, it.reorder));
    }

    /** Runs commands [from, to). */
    void run(int from, int to) {
        for (int i = from; i < to; i++) {
            commands.get(i).run();
        }
    }

    long arenaBytes() {
        return arena.bytes();
    }

    @Override
    public void close() {
        primitives.forEach(it -> dnnl.dnnl_primitive_destroy(it.primitive));
        descriptions.forEach(dnnl::dnnl_primitive_desc_destroy);
        values.forEach(value -> dnnl.dnnl_memory_destroy(value.memory));
        arguments.close();
        arena.close();
    }
}
