package dev.lockstep.metrics;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.text.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The rules by which a run asks for attention. Each kind of alert is raised once, and again only after its cause has gone.
 * Any thread may call; alerts are raised in the calling thread.
 */
public final class Alerts {
    /** Steps that a median is taken over. */
    static final int WINDOW = 50;

    private static final int FEWEST = 20;
    /** A step is missing after this many times the median. */
    private static final double STALL = 10;

    private static final double SHORTEST_STALL_SECONDS = 10;
    private static final double SPIKE_DEVIATIONS = 8;
    /** Of the first loss: near zero, a few difficult images look like a spike. */
    private static final double SPIKE_SHARE = 0.05;
    /** The standard deviation of a normal distribution over its median absolute deviation. */
    private static final double PER_DEVIATION = 1.4826;
    /** A minibatch this many times the noise scale spends most of its images in vain. */
    private static final double NOISE_FACTOR = 4;

    private static final int BYTES_PER_PARAMETER = 8;

    private final RunInfo run;
    private final LongSupplier usableBytes;
    private final Consumer<Alert> sink;
    private final Set<Alert.Kind> raised = EnumSet.noneOf(Alert.Kind.class);
    private final Deque<Double> losses = new ArrayDeque<>();
    private final Deque<Double> seconds = new ArrayDeque<>();
    private @Nullable Instant lastSign;
    private long step;
    private long checkpointBytes;
    private double firstLoss;
    private double longestEvaluation;
    private double epochSteps;
    private boolean ended;
    private int quietSteps;
    private int noisySteps;

    /**
     * @param usableBytes on the disk of the run folder
     * @param sink receives each alert
     */
    public Alerts(RunInfo run, LongSupplier usableBytes, Consumer<Alert> sink) {
        this.run = run;
        this.usableBytes = usableBytes;
        this.sink = sink;
        this.step = run.step();
        this.checkpointBytes = BYTES_PER_PARAMETER * run.parameters();
    }

    /** The free space where a run's folder is; very large if unknown. */
    public static LongSupplier usable(Path folder) {
        return () -> {
            try {
                return Files.getFileStore(folder).getUsableSpace();
            } catch (IOException | UnsupportedOperationException e) {
                return Long.MAX_VALUE;
            }
        };
    }

    /** Takes in an event. */
    public synchronized void on(Event event, Instant now) {
        if (event instanceof Event.Step done) {
            sign(now);
            onStep(done.metrics(), now);
        } else if (event instanceof Event.Epoch epoch) {
            sign(now);
            longestEvaluation = Math.max(longestEvaluation, epoch.metrics().seconds() - epochSteps);
            epochSteps = 0;
        } else if (event instanceof Event.CheckpointSaved saved) {
            raised.remove(Alert.Kind.CHECKPOINT_FAILING);
            checkpointBytes = size(saved.file(), checkpointBytes);
        } else if (event instanceof Event.CheckpointFailed failed) {
            once(
                    Alert.Kind.CHECKPOINT_FAILING,
                    now,
                    "the checkpoint of step " + failed.step() + " was not written: " + failed.reason()
                            + "; training continues, and would resume from an older one");
        } else if (event instanceof Event.Regrouped group) {
            sign(now);
            onRegrouped(group, now);
        } else if (event instanceof Event.Failed failed) {
            ended = true;
            if (failed.cause() instanceof LockstepException known && known.kind() == LockstepException.Kind.DIVERGED) {
                once(Alert.Kind.NOT_FINITE, now, known.getMessage());
            }
        } else if (event instanceof Event.Finished) {
            ended = true;
        }
    }

    /** Called about once a second: notices what does not happen. */
    public synchronized void tick(Instant now) {
        if (ended) {
            return;
        }
        Instant since = lastSign;
        double limit = patience();
        if (since != null && Duration.between(since, now).toMillis() * 1e-3 > limit) {
            once(
                    Alert.Kind.STALL,
                    now,
                    "no step for " + Format.duration(limit) + ", the median takes " + Format.duration(median(seconds))
                            + "; look at the processes and their logs");
        }
        long free = usableBytes.getAsLong();
        if (free < 2 * checkpointBytes) {
            once(
                    Alert.Kind.DISK_LOW,
                    now,
                    Format.bytes(free) + " are free, two checkpoints need " + Format.bytes(2.0 * checkpointBytes)
                            + "; free some space");
        } else if (free > 3 * checkpointBytes) {
            raised.remove(Alert.Kind.DISK_LOW);
        }
    }

    private void sign(Instant now) {
        lastSign = now;
        raised.remove(Alert.Kind.STALL);
    }

    /** How long no step may be done, in seconds. At the end of an epoch an evaluation comes first. */
    private double patience() {
        if (seconds.size() < FEWEST) {
            return Double.POSITIVE_INFINITY;
        }
        double steps = STALL * median(seconds);
        boolean evaluating = step % Math.max(1, run.iterationsPerEpoch()) == 0;
        double evaluation = longestEvaluation > 0 ? STALL * longestEvaluation : STALL * epochSteps;
        return Math.max(SHORTEST_STALL_SECONDS, evaluating ? steps + evaluation : steps);
    }

    private void onStep(StepMetrics metrics, Instant now) {
        step = metrics.step();
        epochSteps += metrics.stepSeconds();
        if (!Double.isFinite(metrics.loss())) {
            once(Alert.Kind.NOT_FINITE, now, "loss = " + metrics.loss() + " at step " + step);
            return;
        }
        firstLoss = firstLoss == 0 ? metrics.loss() : firstLoss;
        spike(metrics.loss(), now);
        noise(metrics.noiseScale(), now);
        remember(losses, metrics.loss());
        remember(seconds, metrics.stepSeconds());
    }

    private void spike(double loss, Instant now) {
        if (losses.size() < FEWEST) {
            return;
        }
        double middle = median(losses);
        double deviation = PER_DEVIATION
                * median(losses.stream()
                        .mapToDouble(each -> Math.abs(each - middle))
                        .toArray());
        double least = Math.max(middle / 2, SPIKE_SHARE * firstLoss);
        if (loss > middle + Math.max(SPIKE_DEVIATIONS * deviation, least)) {
            quietSteps = 0;
            once(
                    Alert.Kind.LOSS_SPIKE,
                    now,
                    String.format(
                            Locale.ROOT,
                            "loss = %s at step %d, the median of the last %d steps is %s",
                            Format.number(loss),
                            step,
                            losses.size(),
                            Format.number(middle)));
        } else if (++quietSteps >= WINDOW) {
            raised.remove(Alert.Kind.LOSS_SPIKE);
        }
    }

    private void noise(double images, Instant now) {
        int minibatch = run.recipe().minibatch();
        noisySteps = NOISE_FACTOR * images < minibatch ? noisySteps + 1 : 0;
        if (noisySteps == WINDOW) {
            int workers = (int) Math.max(1, Math.round(images / run.recipe().imagesPerWorker()));
            once(
                    Alert.Kind.NOISE_SCALE,
                    now,
                    String.format(
                            Locale.ROOT,
                            "the gradient noise scale is about %s images, the minibatch has %,d; k could be %d for about"
                                    + " the same progress per epoch",
                            Format.digits(images, 2),
                            minibatch,
                            workers));
        }
    }

    private void onRegrouped(Event.Regrouped group, Instant now) {
        // As many as before: one was lost, and another one has taken its place or was there already.
        boolean more = group.processes() > group.before();
        Alert.Kind kind = more ? Alert.Kind.PROCESS_JOINED : Alert.Kind.PROCESS_LOST;
        sink.accept(new Alert(
                kind,
                now,
                group.step(),
                group.reason() + "; processes = " + group.processes() + " (before: " + group.before() + ")"));
    }

    private void once(Alert.Kind kind, Instant now, String text) {
        if (raised.add(kind)) {
            sink.accept(new Alert(kind, now, step, text));
        }
    }

    private static long size(Path file, long otherwise) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return otherwise;
        }
    }

    private static void remember(Deque<Double> window, double value) {
        window.addLast(value);
        if (window.size() > WINDOW) {
            window.removeFirst();
        }
    }

    private static double median(Deque<Double> window) {
        return median(window.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values.length == 0 ? Double.NaN : values[values.length / 2];
    }
}
