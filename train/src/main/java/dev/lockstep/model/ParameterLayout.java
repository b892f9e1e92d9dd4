package dev.lockstep.model;

import dev.lockstep.network.ParameterRole;
import dev.lockstep.recipe.OptimizerSettings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringSharedModuleDict;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;

/**
 * Where each parameter and each batch-norm statistic lies in the flat buffers.
 *
 * <p>Parameters, their gradients and the optimizer's state share one layout: {@code [decayed parameters | the others]}.
 * Within a region, parameters are in reverse order of registration, which is roughly the order in which backward reaches
 * them, so that a prefix of the gradients is complete early and can be sent while the rest is computed. Batch-norm
 * statistics have their own layout.
 *
 * <p>Every slot starts at a multiple of 16 floats; the gaps are zero and stay zero.
 */
public final class ParameterLayout {
    private static final int ALIGNMENT = 16;

    /**
     * One parameter.
     *
     * @param name as in torchvision, such as {@code layer1.0.conv1.weight}
     * @param offset into the flat buffer, in floats
     */
    public record Slot(String name, long[] shape, ParameterRole role, long offset) {
        public long length() {
            long product = 1;
            for (long side : shape) {
                product *= side;
            }
            return product;
        }
    }

    /**
     * The statistics of one batch-norm layer: {@code channels} means, then equally many variances.
     *
     * @param offset into the statistics region, in floats
     */
    public record NormSlot(String name, int channels, long offset) {
        private static final String MEAN = "running_mean";
        private static final String VARIANCE = "running_var";
        private static final String COUNT = "num_batches_tracked";

        /** The name of the running mean in a state dict. */
        public String meanName() {
            return name + "." + MEAN;
        }

        /** The name of the running variance in a state dict. */
        public String varianceName() {
            return name + "." + VARIANCE;
        }

        /** The name of the batch counter in a state dict. */
        public String countName() {
            return name + "." + COUNT;
        }
    }

    private final List<Slot> slots;
    private final List<NormSlot> norms;
    private final List<String> stateNames;
    private final long decayed;
    private final long parameters;
    private final long statistics;

    private ParameterLayout(
            List<Slot> slots,
            List<NormSlot> norms,
            List<String> stateNames,
            long decayed,
            long parameters,
            long statistics) {
        this.slots = List.copyOf(slots);
        this.norms = List.copyOf(norms);
        this.stateNames = List.copyOf(stateNames);
        this.decayed = decayed;
        this.parameters = parameters;
        this.statistics = statistics;
    }

    /** The layout of a network; the recipe decides whether biases, γ and β are decayed. */
    public static ParameterLayout of(Module module, OptimizerSettings optimizer) {
        return of(module, slot -> switch (slot.role()) {
            case WEIGHT -> true;
            case BIAS -> optimizer.decayBias();
            case NORM -> optimizer.decayNorm();
        });
    }

    /** The layout of a network that is not trained: every parameter is in the first region. */
    public static ParameterLayout of(Module module) {
        return of(module, slot -> true);
    }

    private static ParameterLayout of(Module module, Predicate<Slot> decays) {
        List<Slot> reversed = new ArrayList<>(namedParameters(module));
        Collections.reverse(reversed);
        List<Slot> placed = new ArrayList<>();
        long decayed = place(reversed, decays, 0, placed);
        long parameters = place(reversed, decays.negate(), decayed, placed);
        List<NormSlot> norms = new ArrayList<>();
        long statistics = 0;
        for (BatchNormLayer layer : batchNormLayers(module)) {
            norms.add(new NormSlot(layer.name(), layer.channels(), statistics));
            statistics = align(statistics + 2L * layer.channels());
        }
        return new ParameterLayout(placed, norms, stateNames(module), decayed, parameters, statistics);
    }

    private static long place(List<Slot> slots, Predicate<Slot> wanted, long from, List<Slot> placed) {
        long offset = from;
        for (Slot slot : slots) {
            if (wanted.test(slot)) {
                placed.add(new Slot(slot.name, slot.shape, slot.role, offset));
                offset = align(offset + slot.length());
            }
        }
        return offset;
    }

    private static long align(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** In the order of their offsets. */
    public List<Slot> slots() {
        return slots;
    }

    /** Those that start in [from, to), in the order of their offsets. */
    List<Slot> slots(long from, long to) {
        return slots.stream()
                .dropWhile(slot -> slot.offset < from)
                .takeWhile(slot -> slot.offset < to)
                .toList();
    }

    public List<NormSlot> norms() {
        return norms;
    }

    /**
     * The names of PyTorch's state dict, in its order: modules as they are registered, each with its parameters, then
     * {@code running_mean}, {@code running_var} and {@code num_batches_tracked} of a batch norm.
     */
    public List<String> stateNames() {
        return stateNames;
    }

    /** The name of the layer that owns the last parameter, such as {@code fc}; see {@link Head}. */
    public String head() {
        Set<String> parameters = slots.stream().map(Slot::name).collect(Collectors.toSet());
        String last = stateNames.stream()
                .filter(parameters::contains)
                .reduce((first, second) -> second)
                .orElse("");
        return last.substring(0, Math.max(0, last.lastIndexOf('.')));
    }

    /** Floats of the first region, to which weight decay applies. */
    public long decayed() {
        return decayed;
    }

    /** Floats of a buffer of parameters, gradients or optimizer state, gaps included. */
    public long parameters() {
        return parameters;
    }

    /** Floats of the batch-norm statistics, gaps included. */
    public long statistics() {
        return statistics;
    }

    /** Parameters of the network, without gaps. */
    public long parameterCount() {
        return slots.stream().mapToLong(Slot::length).sum();
    }

    /** A parameter's view of a flat buffer: 4-d kernels lie channels-last in memory, the shape is the logical one. */
    public static Tensor view(Tensor flat, Slot slot) {
        Tensor part = flat.narrow(0, slot.offset, slot.length());
        long[] s = slot.shape;
        return s.length == 4 ? part.view(s[0], s[2], s[3], s[1]).permute(0, 3, 1, 2) : part.view(s);
    }

    /** A layer's means: a view of a buffer of statistics. */
    public static Tensor mean(Tensor statistics, NormSlot norm) {
        return statistics.narrow(0, norm.offset, norm.channels);
    }

    /** A layer's variances: a view of a buffer of statistics. */
    public static Tensor variance(Tensor statistics, NormSlot norm) {
        return statistics.narrow(0, norm.offset + norm.channels, norm.channels);
    }

    /** A batch-norm layer with running statistics, of any dimension. */
    record BatchNormLayer(String name, Module module) {
        int channels() {
            return (int) runningMean().numel();
        }

        Tensor runningMean() {
            BatchNorm2dImpl two = module.asBatchNorm2d();
            return isPresent(two) ? two.running_mean() : module.asBatchNorm1d().running_mean();
        }

        Tensor runningVariance() {
            BatchNorm2dImpl two = module.asBatchNorm2d();
            return isPresent(two) ? two.running_var() : module.asBatchNorm1d().running_var();
        }

        void configure(double momentum, double epsilon) {
            BatchNorm2dImpl two = module.asBatchNorm2d();
            var options =
                    isPresent(two) ? two.options() : module.asBatchNorm1d().options();
            options.momentum().put(momentum);
            options.eps().put(epsilon);
        }
    }

    static List<BatchNormLayer> batchNormLayers(Module module) {
        List<BatchNormLayer> layers = new ArrayList<>();
        modules(module).forEach((name, part) -> {
            BatchNorm2dImpl two = part.asBatchNorm2d();
            BatchNorm1dImpl one = part.asBatchNorm1d();
            if (isPresent(two) && two.running_mean().defined()
                    || isPresent(one) && one.running_mean().defined()) {
                layers.add(new BatchNormLayer(name, part));
            }
        });
        return layers;
    }

    /** Sets ε of every batch-norm layer of a module, and makes its running buffers hold the last batch's statistics. */
    public static void configureBatchNorm(Module module, double epsilon) {
        batchNormLayers(module).forEach(layer -> layer.configure(1, epsilon));
    }

    /** Frozen batch-norm layers of a module that trains normalize with their running statistics. */
    public static void freezeBatchNorm(Module module, LayerGroups groups, ParameterLayout layout) {
        List<BatchNormLayer> layers = batchNormLayers(module);
        for (int i = 0; i < layers.size(); i++) {
            if (groups.isFrozen(layout.norms().get(i))) {
                layers.get(i).module.eval();
            }
        }
    }

    private static boolean isPresent(Pointer pointer) {
        return pointer != null && !pointer.isNull();
    }

    private static List<Slot> namedParameters(Module module) {
        Map<String, Module> owners = modules(module);
        List<Slot> found = new ArrayList<>();
        StringTensorDict parameters = module.named_parameters();
        for (long i = 0; i < parameters.size(); i++) {
            String name = parameters.get(i).key().getString();
            int dot = name.lastIndexOf('.');
            Module owner = owners.getOrDefault(name.substring(0, Math.max(dot, 0)), module);
            ParameterRole role = Roles.of(owner, name.substring(dot + 1));
            found.add(new Slot(name, parameters.get(i).value().shape(), role, 0));
        }
        return found;
    }

    private static List<String> stateNames(Module module) {
        Map<String, BatchNormLayer> norms =
                batchNormLayers(module).stream().collect(Collectors.toMap(BatchNormLayer::name, layer -> layer));
        List<String> names = new ArrayList<>();
        modules(module).forEach((owner, part) -> {
            String prefix = owner.isEmpty() ? "" : owner + ".";
            StringTensorDict own = part.named_parameters(false);
            for (long i = 0; i < own.size(); i++) {
                names.add(prefix + own.get(i).key().getString());
            }
            if (norms.containsKey(owner)) {
                names.add(prefix + NormSlot.MEAN);
                names.add(prefix + NormSlot.VARIANCE);
                names.add(prefix + NormSlot.COUNT);
            }
        });
        return names;
    }

    /** Every module of a tree by its dotted name, itself under the empty name, in order of registration. */
    private static Map<String, Module> modules(Module module) {
        Map<String, Module> named = new LinkedHashMap<>();
        named.put("", module);
        StringSharedModuleDict dict = module.named_modules("", false);
        for (long i = 0; i < dict.size(); i++) {
            named.put(dict.get(i).key().getString(), dict.get(i).value());
        }
        return named;
    }

    /** A module's own parameter tensors, in the order of the slots. */
    public List<Tensor> parametersOf(Module module) {
        // Tensors from the dict point into it and dangle once the collector frees it; separate handles do not.
        try (StringTensorDict named = module.named_parameters()) {
            return slots.stream()
                    .map(slot -> new Tensor(named.get(slot.name())))
                    .toList();
        }
    }
}
