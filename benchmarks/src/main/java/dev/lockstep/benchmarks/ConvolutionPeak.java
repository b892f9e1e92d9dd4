package dev.lockstep.benchmarks;

import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The speed of convolutions on this machine with the library that training uses: each convolution of ResNet-50 alone,
 * for n = 32 images of 224 × 224 pixels, channels last, on several threads in parallel with one OpenMP thread each. The
 * fastest one, forward or backward, is the convolution peak: no network of these layers can train faster than its
 * number of operations divided by the peak.
 */
final class ConvolutionPeak {
    private static final int IMAGES = 32;
    private static final int ROUNDS = 2;

    private ConvolutionPeak() {}

    /**
     * One kind of convolution.
     *
     * @param side the side of its input, in pixels
     * @param times how often it occurs in the network
     */
    private record Convolution(int inputs, int outputs, int kernel, int stride, int side, int times) {
        /** Operations of the forward pass for all images. A multiply-add counts as two. */
        double flops() {
            int out = side / stride;
            return 2.0 * IMAGES * outputs * out * out * inputs * kernel * kernel;
        }

        /** The first convolution computes no gradient of its input. */
        double backwardFlops() {
            return inputs == 3 ? flops() : 2 * flops();
        }
    }

    /**
     * The combined result of all threads.
     *
     * @param best 10^9 operations per second of the fastest convolution, in its faster direction
     * @param where which convolution and direction that is
     * @param imagesPerSecond images per second if training consisted only of the network's convolutions
     */
    record Peak(double best, String where, double imagesPerSecond) {}

    static Peak measure(int threads) {
        double best = 0;
        String where = "";
        double seconds = 0;
        for (Convolution convolution : resnet50()) {
            double[] times = times(convolution, threads);
            double forward = threads * convolution.flops() / times[0] * 1e-9;
            double backward = threads * convolution.backwardFlops() / times[1] * 1e-9;
            if (Math.max(forward, backward) > best) {
                best = Math.max(forward, backward);
                where = (forward > backward ? "forward" : "backward") + " of " + convolution;
            }
            seconds += convolution.times * (times[0] + times[1]);
        }
        return new Peak(best, where, threads * IMAGES / seconds);
    }

    private static List<Convolution> resnet50() {
        List<Convolution> all = new ArrayList<>(List.of(new Convolution(3, 64, 7, 2, 224, 1)));
        int[] blocks = {3, 4, 6, 3};
        int from = 64;
        for (int stage = 0; stage < blocks.length; stage++) {
            int inner = 64 << stage;
            int stride = stage == 0 ? 1 : 2;
            int side = 56 * stride >> stage;
            int rest = blocks[stage] - 1;
            all.add(new Convolution(from, inner, 1, 1, side, 1));
            all.add(new Convolution(inner, inner, 3, stride, side, 1));
            all.add(new Convolution(from, 4 * inner, 1, stride, side, 1));
            all.add(new Convolution(inner, 4 * inner, 1, 1, side / stride, rest + 1));
            all.add(new Convolution(4 * inner, inner, 1, 1, side / stride, rest));
            all.add(new Convolution(inner, inner, 3, 1, side / stride, rest));
            from = 4 * inner;
        }
        return all;
    }

    /** The time of the slowest thread in the best round, forward and backward, in seconds. */
    private static double[] times(Convolution convolution, int threads) {
        double[][] best = new double[threads][];
        CyclicBarrier together = new CyclicBarrier(threads);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> running = IntStream.range(0, threads)
                .mapToObj(thread -> new Thread(() -> {
                    try {
                        best[thread] = best(convolution, together);
                    } catch (Throwable e) {
                        failure.set(e);
                    }
                }))
                .toList();
        running.forEach(Thread::start);
        for (Thread thread : running) {
            join(thread);
        }
        if (failure.get() != null) {
            throw new IllegalStateException(failure.get());
        }
        double[] slowest = new double[2];
        for (double[] own : best) {
            slowest[0] = Math.max(slowest[0], own[0]);
            slowest[1] = Math.max(slowest[1], own[1]);
        }
        return slowest;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double[] best(Convolution convolution, CyclicBarrier together) throws Exception {
        TorchRuntime.setThreads(1);
        double[] best = {Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY};
        try (StepScope scope = new StepScope()) {
            Tensor images = channelsLast(IMAGES, convolution.inputs, convolution.side);
            images.requires_grad_(convolution.inputs != 3);
            Tensor kernel = channelsLast(convolution.outputs, convolution.inputs, convolution.kernel);
            kernel.requires_grad_(true);
            Tensor gradient = channelsLast(IMAGES, convolution.outputs, convolution.side / convolution.stride);
            for (int round = 0; round <= ROUNDS; round++) {
                together.await();
                round(convolution, images, kernel, gradient, round == 0 ? new double[2] : best);
            }
        }
        return best;
    }

    private static Tensor channelsLast(int count, int channels, int side) {
        return torch.randn(count, side, side, channels).permute(0, 3, 1, 2);
    }

    private static void round(Convolution convolution, Tensor images, Tensor kernel, Tensor gradient, double[] best) {
        try (StepScope scope = new StepScope()) {
            // New gradients, not added to the previous ones.
            images.mutable_grad().put(new Tensor());
            kernel.mutable_grad().put(new Tensor());
            long started = System.nanoTime();
            Tensor out = torch.conv2d(
                    images,
                    kernel,
                    new TensorOptional(),
                    new long[] {convolution.stride, convolution.stride},
                    new long[] {convolution.kernel / 2, convolution.kernel / 2},
                    new long[] {1, 1},
                    1);
            long computed = System.nanoTime();
            out.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
            long ended = System.nanoTime();
            best[0] = Math.min(best[0], (computed - started) * 1e-9);
            best[1] = Math.min(best[1], (ended - computed) * 1e-9);
        }
    }
}
