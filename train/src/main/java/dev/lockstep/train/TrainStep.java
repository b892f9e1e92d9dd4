package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.HostBatch;
import dev.lockstep.model.FlatState;
import dev.lockstep.optim.MomentumSgd;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.train.Contribution.Bucket;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * One SGD iteration: every worker of this process computes its contribution, contributions are summed over all k workers
 * in one fixed tree, and the sum updates the weights (Eq. 4 with η̂ = kη, Eq. 8, and Eq. 9 or 10).
 */
final class TrainStep implements AutoCloseable {
    private final Recipe recipe;
    private final FlatState state;
    private final Collective collective;
    private final LaneThreads threads;
    private final Contribution contribution;
    private final LocalSum localSum;
    private final BucketExchange exchange;
    private final List<Lane> lanes;
    private final MomentumSgd optimizer;
    private final int firstWorker;
    private final int localWorkers;

    TrainStep(Setup setup) {
        this.recipe = setup.recipe();
        this.state = setup.state();
        this.collective = setup.collective();
        this.threads = setup.threads();
        this.firstWorker = setup.topology().firstWorker(collective.rank());
        this.localWorkers = setup.topology().workersPerProcess();
        this.contribution = new Contribution(state.layout(), setup.bucketFloats());
        this.exchange = new BucketExchange(collective, contribution.buckets());
        this.localSum = new LocalSum(localWorkers, contribution.buckets(), exchange::onBucket);
        this.optimizer = new MomentumSgd(recipe.optimizer());
        this.lanes = setup.classifiers().stream()
                .map(classifier -> new Lane(
                        classifier,
                        state,
                        contribution,
                        localSum,
                        recipe.workers(),
                        recipe.batchNorm().epsilon(),
                        setup.stopRequested()))
                .toList();
    }

    /**
     * What one step gave, equal on every process but for the times and what is this process's own.
     *
     * @param loss mean over the kn images
     * @param wrong of the kn images, those classified wrongly
     * @param workerSquaredNorm mean over workers of |g|² of their own gradients
     * @param squaredNorm |g|² of the aggregated gradient, before weight decay
     * @param replaced of the kn images, those that were bad and have been replaced
     * @param ownReplaced those among this process's images
     * @param stop whether some process was asked to stop
     * @param dataWaitSeconds waiting for images, mean over this process's lanes
     * @param exposedSeconds from the end of the last backward to the arrival of the last sum
     */
    record Outcome(
            double loss,
            long wrong,
            double workerSquaredNorm,
            double squaredNorm,
            long replaced,
            List<Integer> ownReplaced,
            boolean stop,
            double dataWaitSeconds,
            double exposedSeconds) {}

    /**
     * @param step the iteration, from 0
     * @param next gives the batches of this process's workers, in order; called by several lanes
     */
    Outcome run(long step, Supplier<HostBatch> next, MomentumSgd.Rates rates) {
        exchange.begin();
        AtomicInteger taken = new AtomicInteger();
        AtomicInteger firstBad = new AtomicInteger(Integer.MAX_VALUE);
        AtomicLong waited = new AtomicLong();
        Queue<Integer> replaced = new ConcurrentLinkedQueue<>();
        try {
            threads.runAll(lanes.size(), lane -> {
                while (taken.getAndIncrement() < localWorkers) {
                    long asked = System.nanoTime();
                    try (HostBatch batch = next.get()) {
                        waited.addAndGet(System.nanoTime() - asked);
                        replaced.addAll(batch.replaced());
                        int worker = batch.request().worker();
                        double loss = lanes.get(lane).compute(worker - firstWorker, batch);
                        if (!Double.isFinite(loss)) {
                            firstBad.accumulateAndGet(worker, Math::min);
                        }
                    }
                }
            });
        } catch (RuntimeException | Error e) {
            exchange.fail(e);
            throw e;
        }
        long computed = System.nanoTime();
        Bucket last = contribution.buckets().get(contribution.buckets().size() - 1);
        Tensor lastSum = exchange.await(last);
        double exposed = (System.nanoTime() - computed) * 1e-9;
        try (StepScope scope = new StepScope()) {
            FloatBuffer tail = Tensors.buffer(contribution.tail(lastSum));
            double loss = tail.get(Contribution.LOSS);
            double squaredNorm = squaredNorm();
            if (!Double.isFinite(loss) || !Double.isFinite(squaredNorm)) {
                throw diverged(step, loss, firstBad.get(), rates.learningRate());
            }
            Outcome outcome = new Outcome(
                    loss,
                    (long) tail.get(Contribution.WRONG),
                    tail.get(Contribution.SQUARED_NORM),
                    squaredNorm,
                    (long) tail.get(Contribution.REPLACED),
                    List.copyOf(replaced),
                    tail.get(Contribution.STOP) > 0,
                    waited.get() * 1e-9 / lanes.size(),
                    exposed);
            update(rates);
            averageStatistics(lastSum);
            contribution.buckets().forEach(bucket -> localSum.release(bucket, exchange.await(bucket)));
            return outcome;
        }
    }

    private double squaredNorm() {
        double sum = 0;
        for (Bucket bucket : contribution.buckets()) {
            sum += Norms.squared(exchange.await(bucket).narrow(0, 0, bucket.gradients()));
        }
        return sum;
    }

    /** Runs only after loss and gradient are known to be finite, so that a diverged step leaves the weights as they were. */
    private void update(MomentumSgd.Rates rates) {
        for (Bucket bucket : contribution.buckets()) {
            Tensor gradient = exchange.await(bucket).narrow(0, 0, bucket.gradients());
            optimizer.update(
                    bucket.ofParameters(state.parameters()),
                    gradient,
                    bucket.ofParameters(state.momentum()),
                    bucket.decayed(),
                    rates);
        }
    }

    /** This step's statistics, averaged over all k workers, enter the running average once (section 2.3). */
    private void averageStatistics(Tensor lastSum) {
        if (state.layout().statistics() == 0) {
            return;
        }
        double momentum = recipe.batchNorm().momentum();
        Tensor sum = contribution.statistics(lastSum);
        state.running().mul_(new Scalar(1 - momentum)).add_(sum, new Scalar(momentum / recipe.workers()));
    }

    private LockstepException diverged(long step, double loss, int ownWorker, double learningRate) {
        int worker = ownWorker;
        for (byte[] bytes : collective.allGather(
                ByteBuffer.allocate(Integer.BYTES).putInt(ownWorker).array())) {
            worker = Math.min(worker, ByteBuffer.wrap(bytes).getInt());
        }
        String who = worker == Integer.MAX_VALUE ? "" : ", worker = " + worker;
        return new LockstepException(
                LockstepException.Kind.DIVERGED,
                "training diverged: loss = " + loss + (Double.isFinite(loss) ? ", its gradient is not finite" : ""),
                "step = " + (step + 1) + who + ", learning rate = " + (float) learningRate,
                "lower learning-rate.reference or lengthen learning-rate.warmup; the weights are as before this step");
    }

    @Override
    public void close() {
        exchange.close();
    }
}
