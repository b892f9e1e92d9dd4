package dev.lockstep.benchmarks;

import dev.lockstep.schedule.Decay;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.schedule.Warmup;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The learning rate of one iteration of the paper's large run: 156 iterations per epoch, 5 epochs of warmup, 90 in all.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@org.openjdk.jmh.annotations.Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class Schedules {
    private static final int PER_EPOCH = 156;
    private static final int STEPS = 90 * PER_EPOCH;

    private final LearningRate step = Warmup.gradual(0.1, 3.2, 5 * PER_EPOCH)
            .times(Decay.step(0.1, 30 * PER_EPOCH, 60 * PER_EPOCH, 80 * PER_EPOCH));
    private final LearningRate cosine = Warmup.gradual(0.1, 3.2, 5 * PER_EPOCH).times(Decay.cosine(STEPS));
    private int iteration;

    @Benchmark
    public double stepDecay() {
        return step.at(next());
    }

    @Benchmark
    public double cosineDecay() {
        return cosine.at(next());
    }

    private int next() {
        iteration = iteration + 1 == STEPS ? 0 : iteration + 1;
        return iteration;
    }
}
