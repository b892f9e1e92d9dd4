package dev.lockstep.onednn;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.model.Engine;
import dev.lockstep.model.WorkerPass;
import dev.lockstep.natives.NativeLibraries;
import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.recipe.Recipe;
import java.util.List;
import java.util.Optional;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.opencl.global.OpenCL;

/** The engine that calls oneDNN. Found by {@code ServiceLoader}. */
public final class OneDnnEngine implements Engine {
    private static final List<Class<? extends Operation>> KNOWN = List.of(
            Operation.Image.class,
            Operation.Convolution.class,
            Operation.BatchNorm.class,
            Operation.Relu.class,
            Operation.Relu6.class,
            Operation.MaxPool.class,
            Operation.GlobalAverage.class,
            Operation.Linear.class,
            Operation.Add.class,
            Operation.Subsample.class,
            Operation.PadChannels.class);

    @Override
    public Recipe.Engine kind() {
        return Recipe.Engine.ONEDNN;
    }

    @Override
    public Optional<String> refusal(Recipe recipe, NetworkGraph graph) {
        for (Node node : graph.nodes()) {
            if (!KNOWN.contains(node.operation().getClass())) {
                return Optional.of("it has no operation '" + node.operation().label() + "'");
            }
        }
        if (!recipe.model().frozen().isEmpty()) {
            return Optional.of(
                    "it trains all layers, model.frozen = " + recipe.model().frozen());
        }
        try {
            load();
        } catch (LockstepException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        if (recipe.precision() == Recipe.Precision.BF16 && !hasBf16()) {
            return Optional.of("precision = bf16 needs a processor with AVX512-BF16 or AMX");
        }
        return Optional.empty();
    }

    @Override
    public WorkerPass create(NetworkGraph graph, Input input) {
        load();
        return new OneDnnPass(graph, input);
    }

    private static void load() {
        NativeLibraries.load("opencl", OpenCL.class);
        NativeLibraries.load("dnnl", dnnl.class);
    }

    /** Whether the processor multiplies bf16 numbers. */
    static boolean hasBf16() {
        load();
        int isa = dnnl.dnnl_get_effective_cpu_isa();
        return (isa & dnnl.dnnl_cpu_isa_avx512_core_bf16) == dnnl.dnnl_cpu_isa_avx512_core_bf16;
    }
}
