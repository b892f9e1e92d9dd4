package dev.lockstep.cuda;

import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch_cuda;
import org.jspecify.annotations.Nullable;

/**
 * What one thread uses on a card: the stream that computes, one that copies inputs while it does, and pinned memory for them.
 * Not thread-safe.
 */
final class StreamOfThread {
    /** Kinds of inputs. */
    static final int IMAGES = 0;

    static final int LABELS = 1;

    /** Copies of inputs that may be under way. */
    private static final int STAGES = 2;

    /**
     * Marks that others may still look at. An event that is used again stands for a later moment of the same stream, so whoever
     * waits for it waits for no less than it should.
     */
    private static final int MARKS = 64;

    private final byte index;
    private final org.bytedeco.pytorch.Device place;
    private final CUDAStream compute;
    private final CUDAStream copy;
    private final CUevent_st[] marks = new CUevent_st[MARKS];
    private int marked;
    private final Stage[][] stages = new Stage[2][STAGES];
    private final int[] staged = new int[2];

    /** @param event recorded in the stream of this number */
    record Mark(CUevent_st event, long stream) implements Device.Moment {}

    /** Pinned memory, and when its last copy to the card was done. */
    private static final class Stage {
        private final CUevent_st copied = event();
        private @Nullable Tensor memory;

        Tensor of(Tensor host) {
            Cuda.check(cudart.cudaEventSynchronize(copied), "cudaEventSynchronize");
            Tensor known = memory;
            if (known == null || known.numel() < host.numel() || known.scalar_type() != host.scalar_type()) {
                if (known != null) {
                    known.close();
                }
                known = StepScope.keep(pinned(host.numel(), host.scalar_type()));
                memory = known;
            }
            return known.narrow(0, 0, host.numel());
        }
    }

    StreamOfThread(byte index, org.bytedeco.pytorch.Device place, CUDAStream compute) {
        this.index = index;
        this.place = place;
        this.compute = StepScope.keep(compute);
        this.copy = StepScope.keep(torch_cuda.getStreamFromPool(false, index));
    }

    /** Makes the calling thread compute in this stream. */
    void use() {
        torch_cuda.setCurrentCUDAStream(compute);
    }

    CUDAStream compute() {
        return compute;
    }

    private static CUevent_st event() {
        CUevent_st made = StepScope.keep(new CUevent_st());
        Cuda.check(cudart.cudaEventCreateWithFlags(made, cudart.cudaEventDisableTiming), "cudaEventCreateWithFlags");
        return made;
    }

    /** A vector in host memory that the card can read by itself. */
    static Tensor pinned(long length, ScalarType type) {
        return torch.empty(
                new long[] {length},
                new TensorOptions(type).pinned_memory(new BoolOptional(true)),
                new MemoryFormatOptional());
    }

    /**
     * Copies a vector to the card, beside what the card computes. The thread only waits until the copy before the previous one is
     * done.
     */
    Tensor upload(Tensor host, int kind) {
        int number = staged[kind]++ % STAGES;
        Stage stage = stages[kind][number];
        if (stage == null) {
            stage = new Stage();
            stages[kind][number] = stage;
        }
        try (StepScope scope = new StepScope()) {
            Tensor pinned = stage.of(host);
            pinned.copy_(host);
            torch_cuda.setCurrentCUDAStream(copy);
            Tensor onCard;
            try {
                onCard = pinned.to(place, host.scalar_type(), true, false, new MemoryFormatOptional());
                Cuda.check(cudart.cudaEventRecord(stage.copied, copy.stream()), "cudaEventRecord");
            } finally {
                use();
            }
            Cuda.check(cudart.cudaStreamWaitEvent(compute.stream(), stage.copied, 0), "cudaStreamWaitEvent");
            // Its memory belongs to the copying stream, which must not use it again before this one is done with it.
            onCard.record_stream(compute.unwrap());
            return scope.give(onCard);
        }
    }

    /** A mark behind what the thread has asked for. */
    Mark mark() {
        int number = marked++ % MARKS;
        CUevent_st event = marks[number];
        if (event == null) {
            event = event();
            marks[number] = event;
        }
        try (StepScope scope = new StepScope()) {
            Cuda.check(cudart.cudaEventRecord(event, compute.stream()), "cudaEventRecord");
        }
        return new Mark(event, compute.id());
    }

    /** What the thread asks for from now on waits for the mark. */
    void follow(Mark mark) {
        if (mark.stream != compute.id()) {
            try (StepScope scope = new StepScope()) {
                Cuda.check(cudart.cudaStreamWaitEvent(compute.stream(), mark.event, 0), "cudaStreamWaitEvent");
            }
        }
    }

    /** Waits for what the thread has asked for. */
    void await() {
        compute.synchronize();
    }

    byte index() {
        return index;
    }
}
