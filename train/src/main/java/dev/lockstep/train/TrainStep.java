package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.HostBatch;
import dev.lockstep.metrics.Event;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.optim.Optimizer;
import dev.lockstep.optim.Optimizers;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.train.GradientBuffer.Bucket;
import dev.lockstep.train.GradientBuffer.Totals;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One SGD iteration: every worker of this process fills a gradient buffer, the buffers are summed over all k workers in one
 * fixed tree, and the sum updates the weights (Eq. 4 with η̂ = kη, Eq. 8, and Eq. 9 or 10). The host reads the device once,
 * after the sum is complete: the tail of the sum.
 */
final class TrainStep implements AutoCloseable {
    private final Recipe recipe;
    private final FlatState state;
    private final LayerGroups groups;
    private final int classes;
    private final Device device;
    private final LaneThreads threads;
    private final GradientBuffer layout;
    private final LocalSum localSum;
    private final List<Lane> lanes = new ArrayList<>();
    private final BooleanSupplier stopRequested;
    private final Optimizer optimizer;
    private Collective collective;
    private BucketExchange exchange;
    private Topology topology;
    /** The tails of this process's workers, one after another; read only if the step diverged. */
    private Tensor ownTails;

    TrainStep(Setup setup) {
        this.recipe = setup.recipe();
        this.state = setup.state();
        this.groups = setup.groups();
        this.classes = setup.classes();
        this.device = state.device();
        this.collective = setup.collective();
        this.threads = setup.threads();
        this.layout = new GradientBuffer(state.layout(), setup.bucketFloats());
        this.exchange = new BucketExchange(collective, device, layout.buckets());
        this.topology = setup.topology();
        this.localSum = new LocalSum(
                topology.treeOf(collective.rank()),
                device,
                layout.buckets(),
                (bucket, root, sum) -> exchange.onSum(bucket, root, sum));
        this.optimizer = Optimizers.of(recipe.optimizer());
        this.ownTails = ownTails();
        this.stopRequested = setup.stopRequested();
        addLanes(setup.classifiers());
    }

    /** Adds a lane for each of these replicas, between two steps. */
    void addLanes(List<ImageClassifier> classifiers) {
        classifiers.forEach(classifier -> lanes.add(new Lane(
                classifier,
                state,
                layout,
                localSum,
                recipe,
                groups,
                classes,
                stopRequested,
                () -> collective.isChangeDue())));
    }

    private Tensor ownTails() {
        return StepScope.keep(device.zeros((long) localWorkers() * GradientBuffer.TAIL));
    }

    private int localWorkers() {
        return topology.workersOf(collective.rank());
    }

    private int firstWorker() {
        return topology.firstWorker(collective.rank());
    }

    /** The division of the workers among the processes. */
    Topology topology() {
        return topology;
    }

    int lanes() {
        return lanes.size();
    }

    /** Continues with another group, after a step that the previous one gave up. */
    void regroup(Collective next, Topology division) {
        exchange.close();
        collective = next;
        exchange = new BucketExchange(next, device, layout.buckets());
        divide(division);
    }

    /** Divides the workers anew, between two steps. Every process must call it. */
    void divide(Topology next) {
        ownTails.close();
        topology = next;
        localSum.divide(topology.treeOf(collective.rank()));
        ownTails = ownTails();
    }

    /**
     * The results of one step, equal on every process except for the times and this process's own share.
     *
     * @param loss mean over the kn images
     * @param wrong images classified wrongly, of kn
     * @param workerSquaredNorm mean over workers of |g|² of their own gradients
     * @param squaredNorm |g|² of the aggregated gradient, before weight decay
     * @param replaced bad images that were replaced, of kn
     * @param ownReplaced those among this process's images
     * @param stop whether any process was asked to stop
     * @param change whether the group is to change after this step
     * @param computeSeconds until all lanes of this process were done, with the time in which they waited for images
     * @param dataWaitSeconds time spent waiting for images, mean over this process's lanes
     * @param exposedSeconds from the end of the last backward to the arrival of the last sum
     * @param workerSeconds time of each worker of this process
     * @param spans what the lanes did, and what followed
     */
    record Outcome(
            double loss,
            long wrong,
            double workerSquaredNorm,
            double squaredNorm,
            long replaced,
            List<Integer> ownReplaced,
            boolean stop,
            boolean change,
            double computeSeconds,
            double dataWaitSeconds,
            double exposedSeconds,
            double[] workerSeconds,
            List<Event.Span> spans) {}

    /**
     * @param step the iteration, from 0
     * @param next returns the batches of this process's workers, in order; called by several lanes
     */
    Outcome run(long step, Supplier<HostBatch> next, Optimizer.Rates rates) {
        AtomicLong waited = new AtomicLong();
        Queue<Integer> replaced = new ConcurrentLinkedQueue<>();
        double[] workerSeconds = new double[localWorkers()];
        Queue<Event.Span> spans = new ConcurrentLinkedQueue<>();
        requireGroup();
        exchange.begin(topology);
        lanes.forEach(Lane::parametersChanged);
        long started = System.nanoTime();
        computeWorkers(next, waited, replaced, workerSeconds, spans);
        long computed = System.nanoTime();
        Tensor lastSum = exchange.await(layout.lastBucket());
        long summed = System.nanoTime();
        double exposed = (summed - computed) * 1e-9;
        spans.add(new Event.Span("step", "exposed communication", computed, summed));
        try (StepScope scope = new StepScope()) {
            Totals totals = readTotals(lastSum);
            if (!totals.isFinite()) {
                throw diverged(step, totals.loss(), rates.learningRate());
            }
            update(step, rates);
            averageStatistics(lastSum);
            layout.buckets()
                    .forEach(bucket -> exchange.partials(bucket).forEach(partial -> localSum.release(bucket, partial)));
            spans.add(new Event.Span("step", "update", summed, System.nanoTime()));
            spans.addAll(exchange.spans());
            return new Outcome(
                    totals.loss(),
                    totals.wrong(),
                    totals.workerSquaredNorm(),
                    totals.squaredNorm(),
                    totals.replaced(),
                    List.copyOf(replaced),
                    totals.stop(),
                    totals.change(),
                    (computed - started) * 1e-9,
                    waited.get() * 1e-9 / lanes.size(),
                    exposed,
                    workerSeconds,
                    List.copyOf(spans));
        }
    }

    /** A group of one process sends nothing that would fail when another process joins. */
    private void requireGroup() {
        if (collective.size() == 1) {
            collective.allGather(new byte[0]);
        }
    }

    /** Lanes take batches as they become available; returns when all workers of this process have added their buffers. */
    private void computeWorkers(
            Supplier<HostBatch> next,
            AtomicLong waited,
            Queue<Integer> replaced,
            double[] workerSeconds,
            Queue<Event.Span> spans) {
        AtomicInteger taken = new AtomicInteger();
        try {
            threads.runAll(lanes.size(), lane -> {
                while (taken.getAndIncrement() < localWorkers() && !exchange.hasFailed()) {
                    long asked = System.nanoTime();
                    try (HostBatch batch = next.get()) {
                        long begun = System.nanoTime();
                        waited.addAndGet(begun - asked);
                        replaced.addAll(batch.replaced());
                        computeWorker(lanes.get(lane), batch);
                        long done = System.nanoTime();
                        workerSeconds[leaf(batch)] = (done - begun) * 1e-9;
                        String track = "lane " + lane;
                        batch.loading().ifPresent(loading -> spans.add(loaded(batch, loading)));
                        spans.add(new Event.Span(track, "wait for data", asked, begun));
                        spans.add(new Event.Span(
                                track, "worker " + batch.request().worker(), begun, done));
                    }
                }
            });
        } catch (RuntimeException | Error e) {
            exchange.fail(e);
            throw e;
        }
    }

    /** Images are read ahead: the loader's work on a batch lies before the step that uses it. */
    private static Event.Span loaded(HostBatch batch, HostBatch.Loading loading) {
        return new Event.Span(
                "loader " + loading.thread(),
                "images of worker " + batch.request().worker(),
                loading.start(),
                loading.end());
    }

    /** The batch's worker, by its number within this process. */
    private int leaf(HostBatch batch) {
        return batch.request().worker() - firstWorker();
    }

    private void computeWorker(Lane lane, HostBatch batch) {
        int leaf = leaf(batch);
        try (StepScope scope = new StepScope()) {
            lane.compute(leaf, batch, ownTails.narrow(0, (long) leaf * GradientBuffer.TAIL, GradientBuffer.TAIL));
        }
    }

    /** Completes the tail of the sum over all workers and reads it. */
    private Totals readTotals(Tensor lastSum) {
        Tensor tail = layout.tail(lastSum);
        Tensor squaredNorm = device.zeros(1).to(ScalarType.Double);
        for (Bucket bucket : layout.buckets()) {
            Tensor gradients = bucket.gradientsOf(exchange.await(bucket));
            squaredNorm.add_(gradients.dot(gradients));
        }
        GradientBuffer.number(tail, GradientBuffer.AGGREGATE_SQUARED_NORM).copy_(squaredNorm);
        return Totals.of(device.read(tail));
    }

    /**
     * Called only when loss and gradient are known to be finite, so that a diverged step leaves the weights as they were.
     */
    private void update(long step, Optimizer.Rates rates) {
        for (Bucket bucket : layout.buckets()) {
            Tensor gradient = bucket.gradientsOf(exchange.await(bucket));
            long decayedTo = bucket.from() + bucket.decayed();
            for (LayerGroups.Run run : groups.runs(bucket.from(), bucket.from() + bucket.gradients())) {
                long length = run.to() - run.from();
                long decayed = Math.max(0, Math.min(run.to(), decayedTo) - run.from());
                Tensor part = gradient.narrow(0, run.from() - bucket.from(), length);
                optimizer.update(state.segment(run.from(), decayed, part), step, rates.times(run.factor()));
            }
        }
    }

    /** This step's statistics, averaged over all k workers, are added to the running average once (section 2.3). */
    private void averageStatistics(Tensor lastSum) {
        double momentum = recipe.batchNorm().momentum();
        Tensor sum = layout.statistics(lastSum);
        for (LayerGroups.Range range : groups.statistics()) {
            long length = range.to() - range.from();
            state.running()
                    .narrow(0, range.from(), length)
                    .mul_(new Scalar(1 - momentum))
                    .add_(sum.narrow(0, range.from(), length), new Scalar(momentum / recipe.workers()));
        }
    }

    private LockstepException diverged(long step, double loss, double learningRate) {
        byte[] own = ByteBuffer.allocate(Integer.BYTES).putInt(firstNotFinite()).array();
        int worker = collective.allGather(own).stream()
                .mapToInt(bytes -> ByteBuffer.wrap(bytes).getInt())
                .min()
                .orElseThrow();
        String who = worker == Integer.MAX_VALUE ? "" : ", worker = " + worker;
        return new LockstepException(
                LockstepException.Kind.DIVERGED,
                "training diverged: loss = " + loss + (Double.isFinite(loss) ? ", its gradient is not finite" : ""),
                "step = " + (step + 1) + who + ", learning rate = " + (float) learningRate,
                "lower learning-rate.reference or lengthen learning-rate.warmup; the weights are unchanged by this step");
    }

    /** The first worker of this process whose own loss or gradient is not finite; the largest int when there is none. */
    private int firstNotFinite() {
        float[] tails = device.read(ownTails);
        for (int leaf = 0; leaf < localWorkers(); leaf++) {
            int from = leaf * GradientBuffer.TAIL;
            float[] tail = Arrays.copyOfRange(tails, from, from + GradientBuffer.TAIL);
            if (!Float.isFinite(tail[GradientBuffer.LOSS]) || !Float.isFinite(tail[GradientBuffer.SQUARED_NORM])) {
                return firstWorker() + leaf;
            }
        }
        return Integer.MAX_VALUE;
    }

    @Override
    public void close() {
        exchange.close();
        lanes.forEach(Lane::close);
    }
}
