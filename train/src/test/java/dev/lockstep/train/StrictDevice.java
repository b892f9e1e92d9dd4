package dev.lockstep.train;

import dev.lockstep.torch.Arithmetic;
import dev.lockstep.torch.Autocast;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.EagerNorm;
import dev.lockstep.torch.NormKernels;
import dev.lockstep.torch.PixelTable;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;

/**
 * Behaves as a device with memory of its own: inputs are copied to it, messages to other processes are copied from it and
 * back. Remembers what the host reads, and refuses to be read by a thread that computes workers.
 */
final class StrictDevice implements Device {
    /** What such a device may do otherwise than a CPU. */
    enum Trait {
        /** Hooks of backward run in a thread of the library. */
        NO_HOOKS,
        /** Operations are recorded and replayed. */
        RECORDS,
        /** Other numbers than float32 are computed. */
        BF16,
        /** Batch norm is computed with what follows it, without autograd. */
        NORMS
    }

    private final Set<Trait> traits;
    private final AtomicInteger replays = new AtomicInteger();
    private final Device cpu = Device.cpu();
    /** The length of each read. */
    private final List<Integer> reads = new CopyOnWriteArrayList<>();

    private final Set<String> handingOver = ConcurrentHashMap.newKeySet();
    private final Set<String> takingOver = ConcurrentHashMap.newKeySet();

    StrictDevice(Trait... traits) {
        this.traits = Set.of(traits);
    }

    /** How often something recorded was replayed. */
    int replays() {
        return replays.get();
    }

    @Override
    public boolean hooksRunInCaller() {
        return !traits.contains(Trait.NO_HOOKS);
    }

    @Override
    public Optional<Recording> record(Runnable work) {
        if (!traits.contains(Trait.RECORDS)) {
            return Optional.empty();
        }
        work.run();
        return Optional.of(new Recording() {
            @Override
            public void replay() {
                replays.incrementAndGet();
                work.run();
            }

            @Override
            public void close() {}
        });
    }

    @Override
    public Optional<NormKernels> norms() {
        return traits.contains(Trait.NORMS) ? Optional.of(new EagerNorm()) : Optional.empty();
    }

    @Override
    public Optional<String> refusal(Arithmetic arithmetic) {
        return traits.contains(Trait.BF16) ? Optional.empty() : cpu.refusal(arithmetic);
    }

    @Override
    public Casting casting(Arithmetic arithmetic) {
        return arithmetic == Arithmetic.BF16 ? Autocast.bf16(DeviceType.CPU) : Casting.NONE;
    }

    /** Lengths of what was read since the last call. */
    List<Integer> takeReads() {
        List<Integer> taken = List.copyOf(reads);
        reads.clear();
        return taken;
    }

    /** Each pair of threads of which the second has taken over what the first had handed over, as "one to another". */
    Set<String> takingOver() {
        return takingOver;
    }

    /** Names of the threads that have handed over tensors. */
    Set<String> handingOver() {
        return handingOver;
    }

    @Override
    public String name() {
        return "strict";
    }

    @Override
    public void enter(int threads) {
        cpu.enter(threads);
    }

    @Override
    public void place(Module network) {
        cpu.place(network);
    }

    @Override
    public Tensor zeros(long length) {
        return cpu.zeros(length);
    }

    @Override
    public Tensor images(FloatBuffer pixels, long n, long channels, long height, long width) {
        return cpu.images(pixels, n, channels, height, width).clone();
    }

    @Override
    public Tensor images(ByteBuffer pixels, long n, long channels, long height, long width, PixelTable table) {
        return cpu.images(pixels, n, channels, height, width, table).clone();
    }

    @Override
    public Tensor labels(long[] classes) {
        return cpu.labels(classes);
    }

    @Override
    public float[] read(Tensor tensor) {
        if (Thread.currentThread().getName().startsWith("lockstep-lane")) {
            throw new AssertionError("a lane reads " + tensor.numel() + " numbers");
        }
        float[] values = cpu.read(tensor);
        reads.add(values.length);
        return values;
    }

    @Override
    public void onHost(List<Tensor> buffers, Consumer<List<Tensor>> work) {
        List<Tensor> copies = buffers.stream().map(Tensor::clone).toList();
        work.accept(copies);
        for (int i = 0; i < copies.size(); i++) {
            buffers.get(i).copy_(copies.get(i));
        }
    }

    @Override
    public Moment handOver() {
        String thread = Thread.currentThread().getName();
        handingOver.add(thread);
        return new Handover(thread);
    }

    private record Handover(String giver) implements Moment {}

    @Override
    public void takeOver(Moment moment) {
        takingOver.add(
                ((Handover) moment).giver + " to " + Thread.currentThread().getName());
    }
}
