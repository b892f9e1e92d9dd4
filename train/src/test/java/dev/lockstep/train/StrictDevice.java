package dev.lockstep.train;

import dev.lockstep.torch.Device;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Behaves as a device with memory of its own: inputs are copied to it, messages to other processes are copied from it and
 * back. Remembers what the host reads, and refuses to be read by a thread that computes workers.
 */
final class StrictDevice implements Device {
    private final Device cpu = Device.cpu();
    /** The length of each read. */
    private final List<Integer> reads = new CopyOnWriteArrayList<>();

    private final Set<String> handingOver = ConcurrentHashMap.newKeySet();

    /** Lengths of what was read since the last call. */
    List<Integer> takeReads() {
        List<Integer> taken = List.copyOf(reads);
        reads.clear();
        return taken;
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
    public void handOver() {
        handingOver.add(Thread.currentThread().getName());
    }
}
