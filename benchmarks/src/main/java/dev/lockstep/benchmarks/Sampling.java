package dev.lockstep.benchmarks;

import dev.lockstep.sampling.EpochPermutation;
import dev.lockstep.sampling.MinibatchPlan;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The order of an epoch's samples, and one worker's share of an iteration, at k = 256 and n = 32. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class Sampling {
    /** Images of Fashion-MNIST and of ImageNet. */
    @Param({"60000", "1281167"})
    private int images;

    private MinibatchPlan plan = new MinibatchPlan(0, 8192, 256, 32);
    private int epoch;
    private int worker;

    @Setup
    public void setUp() {
        plan = new MinibatchPlan(1, images, 256, 32);
    }

    @Benchmark
    public EpochPermutation shuffleOfAnEpoch() {
        return EpochPermutation.of(1, epoch++, images);
    }

    @Benchmark
    public int[] samplesOfAWorker() {
        worker = (worker + 1) % 256;
        return plan.samples(3, 2, worker);
    }
}
