package dev.lockstep.onednn;

import static dev.lockstep.onednn.Dnnl.check;
import static dev.lockstep.onednn.Dnnl.same;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;
import static org.bytedeco.dnnl.global.dnnl.dnnl_a;
import static org.bytedeco.dnnl.global.dnnl.dnnl_abcd;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reorder_primitive_desc_create;

import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.network.Operation;
import dev.lockstep.onednn.Program.Use;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/**
 * The parameters of a network in the flat buffers, where vectors are used in place, and their copies in the layouts that
 * primitives chose, which the lanes make once a step.
 */
final class Parameters {
    private final Dnnl library;
    final Program program;
    private final long weights;
    private final long gradients;
    private final long statistics;
    private final IntConsumer onComplete;
    private final SharedWeights copies;
    private final List<ParameterLayout.Slot> slots;
    private final Map<String, Integer> numbers = new HashMap<>();
    private final Map<String, NormSlot> norms = new HashMap<>();
    private final Map<String, List<Value>> arranged = new HashMap<>();
    private final Map<String, Value> placed = new HashMap<>();

    /**
     * @param copies those that lanes share
     * @param weights address of the flat parameters
     * @param gradients address of the flat gradients
     * @param statistics address of the batch-norm statistics
     * @param onComplete called with the number of a slot once its gradient is complete
     */
    Parameters(
            Dnnl library,
            Program program,
            ParameterLayout layout,
            SharedWeights copies,
            long weights,
            long gradients,
            long statistics,
            IntConsumer onComplete) {
        this.library = library;
        this.program = program;
        this.copies = copies;
        this.weights = weights;
        this.gradients = gradients;
        this.statistics = statistics;
        this.onComplete = onComplete;
        this.slots = layout.slots();
        for (int i = 0; i < slots.size(); i++) {
            numbers.put(slots.get(i).name(), i);
        }
        layout.norms().forEach(norm -> norms.put(norm.name(), norm));
    }

    private int number(String name) {
        return Objects.requireNonNull(numbers.get(name), name);
    }

    private NormSlot norm(String name) {
        return Objects.requireNonNull(norms.get(name), name);
    }

    /** The sizes of a convolution's kernels as oneDNN writes them: groups first if there are several. */
    static long[] kernelSizes(Operation.Convolution it) {
        long k = it.kernel();
        return it.groups() == 1
                ? new long[] {it.outputs(), it.inputs(), k, k}
                : new long[] {it.groups(), it.outputs() / it.groups(), it.inputs() / it.groups(), k, k};
    }

    /** Kernels in the flat buffers: outputs × height × width × inputs. */
    private static dnnl_memory_desc kernelLayout(Operation.Convolution it) {
        long inputs = it.inputs() / it.groups();
        long k = it.kernel();
        long one = k * k * inputs;
        return it.groups() == 1
                ? Dnnl.strided(kernelSizes(it), dnnl_f32, one, 1, k * inputs, inputs)
                : Dnnl.strided(kernelSizes(it), dnnl_f32, one * it.outputs() / it.groups(), one, 1, k * inputs, inputs);
    }

    dnnl_memory_desc vector(long length) {
        return Dnnl.tagged(new long[] {length}, dnnl_f32, dnnl_a);
    }

    private Value at(String key, long base, long floats, dnnl_memory_desc layout) {
        return placed.computeIfAbsent(key, it -> new Value(Block.at(base + Float.BYTES * floats), layout));
    }

    /** A bias, γ or β. */
    Value vector(String name) {
        ParameterLayout.Slot slot = slots.get(number(name));
        return at("w " + name, weights, slot.offset(), vector(slot.length()));
    }

    Value vectorGradient(String name) {
        ParameterLayout.Slot slot = slots.get(number(name));
        return at("g " + name, gradients, slot.offset(), vector(slot.length()));
    }

    /** Where the means of a batch norm go. */
    Value mean(String name) {
        return at(
                "mean " + name,
                statistics,
                norm(name).offset(),
                vector(norm(name).channels()));
    }

    /** Where its variances go. */
    Value variance(String name) {
        NormSlot norm = norm(name);
        return at("variance " + name, statistics, norm.offset() + norm.channels(), vector(norm.channels()));
    }

    /** A convolution's kernels in another layout. */
    Value weights(String name, Operation.Convolution it, dnnl_memory_desc layout) {
        return copy(name + ".weight", kernelLayout(it), layout);
    }

    Value kernelGradient(String name, Operation.Convolution it) {
        String full = name + ".weight";
        return at("g " + full, gradients, slots.get(number(full)).offset(), kernelLayout(it));
    }

    /** A linear layer's matrix in another layout. */
    Value matrix(String name, long[] sizes, dnnl_memory_desc layout) {
        return copy(name + ".weight", Dnnl.tagged(sizes, dnnl_f32, dnnl_abcd), layout);
    }

    Value matrixGradient(String name, long[] sizes) {
        String full = name + ".weight";
        return at("g " + full, gradients, slots.get(number(full)).offset(), Dnnl.tagged(sizes, dnnl_f32, dnnl_abcd));
    }

    private Value copy(String name, dnnl_memory_desc own, dnnl_memory_desc layout) {
        Value original = at("w " + name, weights, slots.get(number(name)).offset(), own);
        if (same(own, layout)) {
            return original;
        }
        List<Value> known = arranged.computeIfAbsent(name, it -> new ArrayList<>());
        for (Value copy : known) {
            if (same(copy.layout, layout)) {
                return copy;
            }
        }
        SharedWeights.Copy shared = copies.copy(name, layout);
        Value copy = new Value(Block.at(shared.address), layout);
        known.add(copy);
        program.prepare(
                shared,
                reordering(original, copy),
                List.of(new Use(DNNL_ARG_FROM, original), new Use(DNNL_ARG_TO, copy)));
        return copy;
    }

    /** The primitive that copies a value into another layout. */
    dnnl_primitive_desc reordering(Value from, Value to) {
        dnnl_primitive_desc pd = program.keep(new dnnl_primitive_desc());
        check(
                dnnl_reorder_primitive_desc_create(
                        pd, from.layout, library.engine, to.layout, library.engine, library.attributes),
                "reorder");
        return pd;
    }

    /** Adds the report that a gradient is complete. */
    void complete(String name) {
        int number = number(name);
        program.call(() -> onComplete.accept(number));
    }
}
