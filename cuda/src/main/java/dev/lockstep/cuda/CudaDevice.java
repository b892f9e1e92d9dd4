package dev.lockstep.cuda;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.torch.Arithmetic;
import dev.lockstep.torch.Autocast;
import dev.lockstep.torch.CpuDevice;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.NormKernels;
import dev.lockstep.torch.PeerLink;
import dev.lockstep.torch.Peers;
import dev.lockstep.torch.PixelTable;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.cuda.CUDAAllocator;
import org.bytedeco.pytorch.cuda.DeviceStats;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch_cuda;
import org.jspecify.annotations.Nullable;

/**
 * An NVIDIA card. Each lane has a stream of its own, in which its operations run one after another; all other threads use the
 * default stream. Threads are ordered by events. Nothing but {@link #read}, {@link #onHost} and {@link #settle} waits for the
 * card.
 */
final class CudaDevice implements Device {
    /** Asks for lanes whose workers are captured as CUDA graphs. */
    static final String GRAPHS = "LOCKSTEP_CUDA_GRAPHS";

    /** Set to 0, turns the kernels of this module off: then batch norm and all else is libtorch's, with autograd. */
    static final String FUSED = "LOCKSTEP_CUDA_FUSED";

    /** Set to 1, fills new memory with what is not a number: a step that reads memory before it is written then shows. */
    static final String POISON = "LOCKSTEP_CUDA_POISON";

    private final byte index;
    private final Cards.Card card;
    private final String fingerprint;
    /** Held for as long as options refer to it. */
    private final org.bytedeco.pytorch.Device place;

    private final TensorOptions floats;
    private final boolean graphs;
    private final boolean fused;
    private @Nullable NormKernels norms;
    private final ThreadLocal<StreamOfThread> streams;

    CudaDevice(int index, Cards.Card card, Driver driver) {
        this(
                index,
                card,
                driver,
                System.getenv().getOrDefault(GRAPHS, "").equals("1"),
                !System.getenv().getOrDefault(FUSED, "").equals("0"));
    }

    CudaDevice(int index, Cards.Card card, Driver driver, boolean graphs, boolean fused) {
        this.index = (byte) index;
        this.card = card;
        this.graphs = graphs;
        this.fused = fused;
        this.place = StepScope.keep(new org.bytedeco.pytorch.Device(DeviceType.CUDA, this.index));
        this.floats = StepScope.keep(new TensorOptions(torch.ScalarType.Float).device(new DeviceOptional(place)));
        this.streams = ThreadLocal.withInitial(this::usual);
        this.fingerprint = String.format(
                "%s (%s), driver %s, CUDA %s, cuDNN %s, graphs = %s, fused = %s",
                card.name(),
                card.architecture(),
                driver.version().isEmpty() ? "unknown" : driver.version(),
                Versions.cuda(Context.versionCUDART()),
                Versions.text(Context.versionRuntimeCuDNN()),
                graphs ? "on" : "off",
                fused ? "on" : "off");
    }

    /** The default stream. Events are made on the card that the thread uses, which is another one at first. */
    private StreamOfThread usual() {
        torch_cuda.set_device(index);
        return new StreamOfThread(index, place, torch_cuda.getCurrentCUDAStream(index));
    }

    /** Before the first operation on a card: with other workspaces, cuBLAS may give other bits from call to call. */
    static void setEnvironment() {
        torch.set_env("CUBLAS_WORKSPACE_CONFIG", ":4096:8", true);
    }

    @Override
    public String name() {
        return "cuda:" + index;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public Optional<String> refusal(Arithmetic arithmetic) {
        return arithmetic != Arithmetic.FLOAT32 && card.major() < 8
                ? Optional.of("use precision = float32: " + card.name() + " has no units for other numbers")
                : Optional.empty();
    }

    /**
     * Every operation has one algorithm, and its sums one order. Of the settings for that, filling new memory is left out: all
     * memory is written before it is read.
     */
    @Override
    public void prepare(Arithmetic arithmetic) {
        Context context = torch.globalContext();
        context.setDeterministicAlgorithms(true, false);
        context.setDeterministicFillUninitializedMemory(
                System.getenv().getOrDefault(POISON, "").equals("1"));
        context.setDeterministicCuDNN(true);
        context.setBenchmarkCuDNN(false);
        context.setAllowTF32CuDNN(arithmetic == Arithmetic.TF32);
        context.setAllowTF32CuBLAS(arithmetic == Arithmetic.TF32);
        context.setAllowBF16ReductionCuBLAS(false);
    }

    @Override
    public Casting casting(Arithmetic arithmetic) {
        return arithmetic == Arithmetic.BF16 ? Autocast.bf16(DeviceType.CUDA) : Casting.NONE;
    }

    @Override
    public void enter(int threads) {
        TorchRuntime.setThreads(threads);
        torch_cuda.set_device(index);
        StreamOfThread own = new StreamOfThread(index, place, torch_cuda.getStreamFromPool(false, index));
        own.use();
        streams.set(own);
    }

    @Override
    public void place(Module network) {
        network.to(place, false);
    }

    @Override
    public Tensor zeros(long length) {
        return torch.zeros(new long[] {length}, floats);
    }

    @Override
    public Tensor images(FloatBuffer pixels, long n, long channels, long height, long width) {
        try (StepScope scope = new StepScope()) {
            Tensor host = CpuDevice.floats(pixels, n * height * width * channels);
            return scope.give(streams.get()
                    .upload(host, StreamOfThread.IMAGES)
                    .view(n, height, width, channels)
                    .permute(0, 3, 1, 2));
        }
    }

    @Override
    public Tensor images(ByteBuffer pixels, long n, long channels, long height, long width, PixelTable table) {
        try (StepScope scope = new StepScope()) {
            Tensor host = CpuDevice.bytes(pixels, n * height * width * channels);
            Tensor bytes = streams.get().upload(host, StreamOfThread.IMAGES);
            return scope.give(table.look(bytes, n, channels, height, width, this));
        }
    }

    @Override
    public Tensor labels(long[] classes) {
        try (StepScope scope = new StepScope()) {
            return scope.give(streams.get().upload(AbstractTensor.create(classes), StreamOfThread.LABELS));
        }
    }

    @Override
    public float[] read(Tensor tensor) {
        return Tensors.toArray(tensor);
    }

    @Override
    public void onHost(List<Tensor> buffers, Consumer<List<Tensor>> work) {
        StreamOfThread own = streams.get();
        try (StepScope scope = new StepScope()) {
            List<Tensor> copies = new ArrayList<>();
            for (Tensor buffer : buffers) {
                Tensor copy = StreamOfThread.pinned(buffer.numel(), torch.ScalarType.Float);
                copy.copy_(buffer, true);
                copies.add(copy);
            }
            own.await();
            work.accept(copies);
            for (int i = 0; i < copies.size(); i++) {
                // The allocator keeps the memory of a copy until it has been read.
                buffers.get(i).copy_(copies.get(i), true);
            }
        }
    }

    @Override
    public Moment handOver() {
        return streams.get().mark();
    }

    @Override
    public void takeOver(Moment moment) {
        if (moment instanceof StreamOfThread.Mark mark) {
            streams.get().follow(mark);
        }
    }

    @Override
    public void settle() {
        torch.cuda_synchronize(index);
    }

    /** Backward runs in a thread of libtorch that serves all lanes. */
    @Override
    public boolean hooksRunInCaller() {
        return false;
    }

    @Override
    public Optional<Recording> record(Runnable work) {
        return graphs ? Optional.of(CapturedGraph.of(index, streams.get(), work)) : Optional.empty();
    }

    @Override
    public Optional<Memory> memory() {
        try (StepScope scope = new StepScope()) {
            CUDAAllocator allocator = torch_cuda.getAllocator();
            DeviceStats stats = allocator.getDeviceStats(index);
            long used = stats.allocated_bytes().current();
            long cached = stats.reserved_bytes().current() - used;
            long free = allocator.getMemoryInfo(index).first();
            return Optional.of(
                    new Memory(free + cached, used, stats.allocated_bytes().peak()));
        }
    }

    @Override
    public void forgetMost() {
        torch_cuda.getAllocator().resetPeakStats(index);
    }

    /** Compiled when they are first asked for. */
    @Override
    public synchronized Optional<NormKernels> norms() {
        NormKernels known = norms;
        if (known == null && fused) {
            torch_cuda.set_device(index);
            try {
                known = new FusedNorm(new CardLauncher(card.architecture(), () -> streams.get().compute().stream()));
            } catch (IllegalStateException e) {
                throw new LockstepException(
                        LockstepException.Kind.WORKER,
                        "the kernels for batch norm cannot be made: " + TorchRuntime.firstLine(e),
                        "device = " + name() + ", card = " + card.architecture(),
                        "report this, and set " + FUSED + "=0 to do without them",
                        e);
            }
            norms = known;
        }
        return Optional.ofNullable(known);
    }

    @Override
    public Optional<PeerLink> link() {
        return Optional.of(new Link());
    }

    /** By NCCL, which refuses two processes on one card. */
    private final class Link implements PeerLink {
        @Override
        public String identity() {
            return card.uuid();
        }

        @Override
        public byte[] newKey() {
            return Nccl.newId();
        }

        @Override
        public Peers connect(byte[] key, int rank, int size) {
            torch_cuda.set_device(index);
            return new NcclPeers(key, rank, size, () -> streams.get().compute().stream());
        }
    }

    @Override
    public RuntimeException explained(RuntimeException failure, int lanes) {
        return Failures.explained(failure, name(), lanes);
    }

    /** A failure of the card that no step can survive, as a user reads it. */
    static final class Failures {
        private Failures() {}

        static RuntimeException explained(RuntimeException failure, String device, int lanes) {
            if (failure instanceof LockstepException) {
                return failure;
            }
            String line = TorchRuntime.firstLine(failure);
            if (line.startsWith("CUDA out of memory") || line.contains("CUDNN_STATUS_ALLOC_FAILED")) {
                return new LockstepException(
                        LockstepException.Kind.WORKER,
                        "the card's memory is full",
                        "device = " + device + ", lanes = " + lanes,
                        lanes > 1
                                ? "lower --lanes to " + lanes / 2
                                : "lower images-per-worker and raise workers as much, or use precision = bf16",
                        failure);
            }
            if (line.contains("CUDA error") || line.contains("CUDNN_STATUS")) {
                return new LockstepException(
                        LockstepException.Kind.WORKER,
                        "the card failed: " + line,
                        "device = " + device,
                        "look for Xid in the kernel's log, then resume the run",
                        failure);
            }
            return failure;
        }
    }
}
