package dev.lockstep.checkpoint;

import static dev.lockstep.model.ParameterLayout.mean;
import static dev.lockstep.model.ParameterLayout.variance;
import static dev.lockstep.model.ParameterLayout.view;

import dev.lockstep.model.FlatState;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** Converts between flat buffers and tensors under the names of PyTorch's state dict. */
final class NamedState {
    /** Prefix of the names of the optimizer's tensors: {@code optimizer.<state>.<parameter>}. */
    static final String OPTIMIZER = "optimizer.";

    private NamedState() {}

    /**
     * Copies parameters and running statistics, in the order of the state dict.
     *
     * @param step the batches that every batch norm has seen
     */
    static Map<String, HostTensor> copy(ParameterLayout layout, Tensor parameters, Tensor running, long step) {
        Map<String, HostTensor> found = new HashMap<>();
        try (StepScope scope = new StepScope()) {
            for (Slot slot : layout.slots()) {
                found.put(slot.name(), HostTensor.of(Tensors.toArray(view(parameters, slot)), slot.shape()));
            }
            for (NormSlot norm : layout.norms()) {
                found.put(norm.meanName(), HostTensor.of(Tensors.toArray(mean(running, norm)), norm.channels()));
                found.put(
                        norm.varianceName(), HostTensor.of(Tensors.toArray(variance(running, norm)), norm.channels()));
                found.put(norm.countName(), HostTensor.ofLong(step));
            }
        }
        Map<String, HostTensor> ordered = new LinkedHashMap<>();
        for (String name : layout.stateNames()) {
            HostTensor tensor = found.get(name);
            if (tensor == null) {
                throw new IllegalStateException("tensor = " + name + " is in no slot");
            }
            ordered.put(name, tensor);
        }
        return ordered;
    }

    static Map<String, HostTensor> copyOptimizer(FlatState state) {
        List<Slot> slots = state.layout().slots();
        Map<String, HostTensor> copies = new LinkedHashMap<>();
        try (StepScope scope = new StepScope()) {
            state.optimizer().forEach((name, buffer) -> {
                for (int i = slots.size() - 1; i >= 0; i--) {
                    Slot slot = slots.get(i);
                    copies.put(name(name, slot), HostTensor.of(Tensors.toArray(view(buffer, slot)), slot.shape()));
                }
            });
        }
        return copies;
    }

    private static String name(String state, Slot slot) {
        return OPTIMIZER + state + "." + slot.name();
    }

    /**
     * The reasons why tensors do not fit a network: every tensor that is missing, unexpected or of a different shape,
     * in one line; empty when they fit. Batch counters are optional: nothing reads them, and files of PyTorch before
     * 0.4.1 lack them.
     *
     * @param optimizer the names of the optimizer's buffers that are also required
     */
    static String misfits(ParameterLayout layout, Set<String> optimizer, Map<String, HostTensor> tensors) {
        return misfits(layout, optimizer, tensors, name -> true);
    }

    /**
     * The same for some of a network's tensors.
     *
     * @param wanted the others are not required
     */
    static String misfits(
            ParameterLayout layout, Set<String> optimizer, Map<String, HostTensor> tensors, Predicate<String> wanted) {
        Map<String, long[]> expected = expected(layout, optimizer);
        expected.keySet().removeIf(wanted.negate());
        Set<String> known = new HashSet<>(layout.stateNames());
        known.addAll(expected.keySet());
        List<String> missing = new ArrayList<>();
        List<String> other = new ArrayList<>();
        expected.forEach((name, shape) -> {
            HostTensor tensor = tensors.get(name);
            if (tensor == null) {
                missing.add(name);
            } else if (!fits(tensor, shape)) {
                other.add(name + " " + tensor.description() + " instead of F32" + Arrays.toString(shape));
            }
        });
        List<String> extra =
                tensors.keySet().stream().filter(name -> !known.contains(name)).toList();
        return Stream.of(group("missing", missing), group("of another shape", other), group("too many", extra))
                .filter(group -> !group.isEmpty())
                .collect(Collectors.joining("; "));
    }

    private static String group(String what, List<String> names) {
        return names.isEmpty() ? "" : names.size() + " " + what + ": " + String.join(", ", names);
    }

    /** Shapes by name: the state dict in its order without the counters, then the optimizer's state. */
    private static Map<String, long[]> expected(ParameterLayout layout, Set<String> optimizer) {
        Map<String, long[]> shapes = new HashMap<>();
        layout.slots().forEach(slot -> shapes.put(slot.name(), slot.shape()));
        for (NormSlot norm : layout.norms()) {
            shapes.put(norm.meanName(), new long[] {norm.channels()});
            shapes.put(norm.varianceName(), new long[] {norm.channels()});
        }
        Map<String, long[]> expected = new LinkedHashMap<>();
        for (String name : layout.stateNames()) {
            long[] shape = shapes.get(name);
            if (shape != null) {
                expected.put(name, shape);
            }
        }
        for (String name : optimizer) {
            layout.slots().forEach(slot -> expected.put(name(name, slot), slot.shape()));
        }
        return expected;
    }

    private static boolean fits(HostTensor tensor, long[] shape) {
        return tensor.type() == HostTensor.Type.F32 && Arrays.equals(tensor.shape(), shape);
    }

    /** Puts tensors that fit into the flat buffers. */
    static void assign(FlatState state, Map<String, HostTensor> tensors) {
        try (StepScope scope = new StepScope()) {
            for (Slot slot : state.layout().slots()) {
                Tensors.assign(view(state.parameters(), slot), floats(tensors, slot.name()));
            }
            for (NormSlot norm : state.layout().norms()) {
                Tensors.assign(mean(state.running(), norm), floats(tensors, norm.meanName()));
                Tensors.assign(variance(state.running(), norm), floats(tensors, norm.varianceName()));
            }
        }
    }

    static void assignOptimizer(FlatState state, Map<String, HostTensor> tensors) {
        try (StepScope scope = new StepScope()) {
            state.optimizer().forEach((name, buffer) -> {
                for (Slot slot : state.layout().slots()) {
                    Tensors.assign(view(buffer, slot), floats(tensors, name(name, slot)));
                }
            });
        }
    }

    private static float[] floats(Map<String, HostTensor> tensors, String name) {
        HostTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalStateException("tensor = " + name + " was checked to exist");
        }
        return tensor.floats();
    }
}
