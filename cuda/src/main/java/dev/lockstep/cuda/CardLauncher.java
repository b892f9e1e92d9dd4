package dev.lockstep.cuda;

import dev.lockstep.torch.StepScope;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;

/** Starts the kernels of {@link KernelSource} on a card, in the stream of the calling thread. */
final class CardLauncher implements Launcher {
    private final CUmod_st module = StepScope.keep(new CUmod_st());
    private final Map<String, CUfunc_st> functions = new ConcurrentHashMap<>();
    private final Supplier<CUstream_st> stream;

    /**
     * Compiles for the card that the calling thread uses.
     *
     * @param stream that of the calling thread
     */
    CardLauncher(String architecture, Supplier<CUstream_st> stream) {
        this.stream = stream;
        byte[] code = KernelSource.compile(architecture);
        try (BytePointer image = new BytePointer(code)) {
            Cuda.checkDriver(cudart.cuModuleLoadData(module, image), "cuModuleLoadData");
        }
    }

    private CUfunc_st function(String kernel) {
        CUfunc_st found = StepScope.keep(new CUfunc_st());
        Cuda.checkDriver(cudart.cuModuleGetFunction(found, module, kernel), "cuModuleGetFunction of " + kernel);
        return found;
    }

    /** The driver copies the argument before the call returns. */
    @Override
    public void launch(String kernel, int blocksX, int blocksY, long[] job) {
        try (StepScope scope = new StepScope()) {
            LongPointer argument = new LongPointer(job);
            Cuda.checkDriver(
                    cudart.cuLaunchKernel(
                            functions.computeIfAbsent(kernel, this::function),
                            blocksX,
                            blocksY,
                            1,
                            FusedNorm.THREADS,
                            1,
                            1,
                            0,
                            stream.get(),
                            new PointerPointer<LongPointer>(argument),
                            (PointerPointer<?>) null),
                    "cuLaunchKernel of " + kernel);
        }
    }
}
