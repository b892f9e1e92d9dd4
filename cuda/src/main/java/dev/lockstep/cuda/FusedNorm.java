package dev.lockstep.cuda;

import dev.lockstep.torch.NormKernels;
import dev.lockstep.torch.StepScope;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Batch norm by the kernels of {@link KernelSource}. The number of slices follows from the sizes alone, so that the order of the
 * additions is the same on every card.
 */
final class FusedNorm implements NormKernels {
    static final int THREADS = 256;

    /** Channels whose slices one block adds. */
    private static final int FINISHED = 32;

    /** Blocks that fill a card: a few for each of its processors. */
    private static final int SUMMING = 512;

    private static final int APPLYING = 2048;

    /** Packs side by side: wide enough for whole lines of memory. */
    private static final int MOST_PACKS = 32;

    /** Bytes that a thread reads at once. */
    private static final int WIDE = 16;

    private final Launcher launcher;

    FusedNorm(Launcher launcher) {
        this.launcher = launcher;
    }

    /** How an array of rows × channels is divided among blocks. */
    record Geometry(String kind, String type, int packs, int blocks, int summing, int applying) {
        /**
         * Divides it.
         *
         * @param wide whether packs of several channels lie at addresses that suit them
         */
        static Geometry of(long rows, long channels, boolean isBf16, boolean wide) {
            int most = isBf16 ? WIDE / Short.BYTES : WIDE / Float.BYTES;
            int width = wide && channels % most == 0 ? most : 1;
            String type = isBf16 ? "bf16" : "float";
            long across = channels / width;
            int packs = 1;
            while (packs < across && packs < MOST_PACKS) {
                packs *= 2;
            }
            int blocks = Math.toIntExact((across + packs - 1) / packs);
            int rowsAtOnce = THREADS / packs;
            return new Geometry(
                    type + "_" + width,
                    type,
                    packs,
                    blocks,
                    slices(rows, 8L * rowsAtOnce, SUMMING / blocks),
                    slices(rows, 2L * rowsAtOnce, APPLYING / blocks));
        }

        private static int slices(long rows, long least, int most) {
            return (int) Math.max(1, Math.min(most, rows / least));
        }
    }

    /** The argument of the kernels: the fields of {@code Job}, in their order. */
    private static final class Job {
        private static final int X = 0;
        private static final int DY = 1;
        private static final int Y = 2;
        private static final int ADDEND = 3;
        private static final int OUT = 4;
        private static final int MASKED = 5;
        private static final int GAMMA = 6;
        private static final int BETA = 7;
        private static final int SAVED = 8;
        private static final int MEAN = 9;
        private static final int VARIANCE = 10;
        private static final int DGAMMA = 11;
        private static final int DBETA = 12;
        private static final int PARTIAL = 13;
        private static final int ROWS = 14;
        private static final int CHANNELS = 15;
        private static final int SLICES = 16;
        private static final int PACKS = 17;
        private static final int EPSILON = 18;
        private static final int RECTIFIED = 19;

        private final long[] fields = new long[RECTIFIED + 1];

        Job with(int field, @Nullable Tensor tensor) {
            fields[field] = tensor == null ? 0 : address(tensor);
            return this;
        }

        Job with(int field, long value) {
            fields[field] = value;
            return this;
        }
    }

    private static long address(Tensor tensor) {
        return tensor.data_ptr().address();
    }

    private static boolean isWide(@Nullable Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor != null && address(tensor) % WIDE != 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isBf16(Tensor tensor) {
        return tensor.scalar_type().intern() == ScalarType.BFloat16;
    }

    private static Tensor lastChannels(Tensor tensor) {
        return tensor.contiguous(MemoryFormat.ChannelsLast);
    }

    private static Tensor floats(Tensor like, long length) {
        return torch.empty(
                new long[] {length},
                new TensorOptions(ScalarType.Float).device(new DeviceOptional(like.device())),
                new MemoryFormatOptional());
    }

    private static Job job(Layer layer, Tensor x, boolean rectified, Tensor saved, Geometry geometry, Tensor partial) {
        return new Job()
                .with(Job.X, x)
                .with(Job.GAMMA, layer.gamma())
                .with(Job.BETA, layer.beta())
                .with(Job.SAVED, saved)
                .with(Job.PARTIAL, partial)
                .with(Job.ROWS, x.numel() / x.size(1))
                .with(Job.CHANNELS, x.size(1))
                .with(Job.PACKS, geometry.packs)
                .with(Job.EPSILON, Double.doubleToRawLongBits(layer.epsilon()))
                .with(Job.RECTIFIED, rectified ? 1 : 0);
    }

    private void launch(String direction, String finish, Geometry geometry, Job job, long channels) {
        job.with(Job.SLICES, geometry.summing);
        launcher.launch(direction + "_sums_" + geometry.kind, geometry.blocks, geometry.summing, job.fields);
        launcher.launch(finish, (int) ((channels + FINISHED - 1) / FINISHED), 1, job.fields);
        job.with(Job.SLICES, geometry.applying);
        launcher.launch(direction + "_apply_" + geometry.kind, geometry.blocks, geometry.applying, job.fields);
    }

    @Override
    public Forward forward(Layer layer, Tensor input, @Nullable Tensor addend, boolean rectified) {
        try (StepScope scope = new StepScope()) {
            Tensor x = lastChannels(input);
            Tensor added = addend == null ? null : lastChannels(addend);
            long channels = x.size(1);
            Tensor y = torch.empty_like(x);
            Tensor saved = floats(x, 2 * channels);
            Geometry geometry = Geometry.of(x.numel() / channels, channels, isBf16(x), isWide(x, added, y));
            Tensor partial = floats(x, 2L * geometry.summing * channels);
            Job job = job(layer, x, rectified, saved, geometry, partial)
                    .with(Job.ADDEND, added)
                    .with(Job.OUT, y)
                    .with(Job.MEAN, layer.mean())
                    .with(Job.VARIANCE, layer.variance());
            launch("forward", "forward_finish_" + geometry.type, geometry, job, channels);
            return new Forward(scope.give(y), scope.give(saved));
        }
    }

    @Override
    public Backward backward(
            Layer layer, Tensor gradient, Tensor input, Forward forward, boolean hasAddend, boolean rectified) {
        try (StepScope scope = new StepScope()) {
            Tensor x = lastChannels(input);
            Tensor dy = lastChannels(gradient);
            long channels = x.size(1);
            Tensor dx = torch.empty_like(x);
            // What goes to the addend is the gradient behind the ReLU.
            Tensor masked = hasAddend ? torch.empty_like(x) : dx;
            Tensor y = forward.output();
            Geometry geometry = Geometry.of(x.numel() / channels, channels, isBf16(x), isWide(x, dy, y, dx, masked));
            Tensor partial = floats(x, 2L * geometry.summing * channels);
            Job job = job(layer, x, rectified, forward.saved(), geometry, partial)
                    .with(Job.DY, dy)
                    .with(Job.Y, y)
                    .with(Job.ADDEND, hasAddend ? masked : null)
                    .with(Job.MASKED, masked)
                    .with(Job.OUT, dx)
                    .with(Job.DGAMMA, layer.gammaGradient())
                    .with(Job.DBETA, layer.betaGradient());
            launch("backward", "backward_finish", geometry, job, channels);
            return new Backward(scope.give(dx), scope.give(masked));
        }
    }
}
