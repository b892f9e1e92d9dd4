package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import dev.lockstep.launch.Terminal;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.StepMetrics;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows the progress of a run on standard error. On a terminal: a progress bar, and one line per
 * epoch above it. Elsewhere: plain lines, one per epoch and one about every ten seconds between them.
 */
public final class ProgressSink implements RunListener {
    private static final long PLAIN_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int UPDATE_MILLIS = 250;
    /** The metrics list all of them; a broken disk must not flood the terminal. */
    private static final int BAD_IMAGES_SHOWN = 10;

    private static final int LONGEST_LINE = 2000;

    private final PrintStream out;
    private final Terminal terminal;
    private final LongSupplier nanoTime;
    /** Has no steps until the run starts. */
    private Pace pace = new Pace(0, 1);

    private final LossCurve losses = new LossCurve();
    private @Nullable VanishingBar bar;
    private volatile @Nullable StepMetrics last;
    private long lastLine;
    private int badImages;

    ProgressSink(PrintStream out, Terminal terminal, LongSupplier nanoTime) {
        this.out = out;
        this.terminal = terminal;
        this.nanoTime = nanoTime;
        this.lastLine = nanoTime.getAsLong();
    }

    public static ProgressSink onStandardError() {
        return new ProgressSink(System.err, Terminal.fromEnvironment(), System::nanoTime);
    }

    private String barText(Pace pace, int columns) {
        synchronized (pace) {
            StepMetrics step = last;
            if (step != null && pace.isEvaluating()) {
                return ProgressText.evaluating(pace, columns);
            }
            if (step != null) {
                return ProgressText.bar(pace, step, losses.points(), columns);
            }
            String where = pace.step() == 0 ? "" : ProgressText.position(pace) + " ";
            return ProgressText.filled(where + "starting …", columns);
        }
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Started started) {
            onStarted(started.run());
        } else if (event instanceof Event.Resumed resumed) {
            onResumed(resumed);
        } else if (event instanceof Event.Step step) {
            onStep(step.metrics());
        } else if (event instanceof Event.Epoch epoch) {
            onEpoch(epoch.metrics());
        } else if (event instanceof Event.ImageReplaced replaced) {
            onImageReplaced(replaced.image());
        } else if (event instanceof Event.Notice notice) {
            print(OptionHints.addTo(notice.text()));
        }
    }

    private void onStarted(RunInfo run) {
        pace = new Pace(run.recipe().epochs(), run.iterationsPerEpoch());
        pace.onStart(run.step());
        Pace now = pace;
        bar = terminal.interactive()
                ? new VanishingBar(out, terminal, UPDATE_MILLIS, pace.totalSteps(), columns -> barText(now, columns))
                : null;
    }

    private void onResumed(Event.Resumed resumed) {
        if (resumed.finished()) {
            print("nothing left to train: all " + pace.totalSteps() + " steps are done");
        } else if (resumed.step() > 0) {
            print("resuming at step " + resumed.step() + " of " + pace.totalSteps());
        }
    }

    private void onStep(StepMetrics step) {
        synchronized (pace) {
            pace.onStep(step);
            last = step;
            losses.add(step.loss());
        }
        if (bar == null && nanoTime.getAsLong() - lastLine >= PLAIN_NANOS) {
            print(ProgressText.line(pace, step));
        }
    }

    private void onEpoch(EpochMetrics epoch) {
        String text = ProgressText.epoch(pace, epoch);
        synchronized (pace) {
            pace.onEpoch(epoch);
        }
        print(text);
    }

    private void onImageReplaced(BadImage image) {
        badImages++;
        if (badImages <= BAD_IMAGES_SHOWN) {
            print("bad " + image.set() + " image replaced: " + image.reason());
        } else if (badImages == BAD_IMAGES_SHOWN + 1) {
            print("further bad images are listed only in metrics.jsonl");
        }
    }

    /** Prints a permanent line above the progress bar. */
    private void print(String text) {
        String line = Printable.of(text, LONGEST_LINE);
        lastLine = nanoTime.getAsLong();
        if (bar == null) {
            out.println(terminal.interactive() ? Wrapping.wrap(line, terminal.columns() - 1, "  ") : line);
        } else {
            bar.print(line);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
