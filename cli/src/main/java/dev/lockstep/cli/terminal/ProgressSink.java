package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import dev.lockstep.launch.Terminal;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricSink;
import dev.lockstep.metrics.StepMetrics;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Shows a run to the person who started it, on standard error. On a terminal: a bar that moves, and one line for every
 * epoch above it. Elsewhere: plain lines, one for every epoch and one about every ten seconds between them.
 */
public final class ProgressSink implements MetricSink {
    private static final long PLAIN_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int UPDATE_MILLIS = 250;
    /** All are in the metrics; a broken disk must not flood the terminal. */
    private static final int BAD_IMAGES_SHOWN = 10;

    private static final int LONGEST_LINE = 2000;

    private final Pace pace;
    private final PrintStream out;
    private final Terminal terminal;
    private final LongSupplier nanoTime;
    private final @Nullable ProgressBar bar;
    private volatile @Nullable StepMetrics last;
    private long lastLine;
    private int badImages;

    ProgressSink(Pace pace, PrintStream out, Terminal terminal, LongSupplier nanoTime) {
        this.pace = pace;
        this.out = out;
        this.terminal = terminal;
        this.nanoTime = nanoTime;
        this.lastLine = nanoTime.getAsLong();
        this.bar = terminal.interactive() ? bar() : null;
    }

    public static ProgressSink onStandardError(int epochs, long iterationsPerEpoch) {
        return new ProgressSink(
                new Pace(epochs, iterationsPerEpoch), System.err, Terminal.fromEnvironment(), System::nanoTime);
    }

    private ProgressBar bar() {
        return new ProgressBarBuilder()
                .setInitialMax(pace.totalSteps())
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setConsumer(new ConsoleProgressBarConsumer(out, terminal.columns() - 1))
                .setRenderer((state, columns) -> cut(barText(), columns))
                .continuousUpdate()
                .build();
    }

    private String barText() {
        synchronized (pace) {
            StepMetrics step = last;
            if (step != null) {
                return ProgressText.bar(pace, step);
            }
            return (pace.step() == 0 ? "" : ProgressText.position(pace) + " ") + "starting …";
        }
    }

    private static String cut(String text, int columns) {
        return text.length() <= columns ? text : text.substring(0, columns);
    }

    @Override
    public void onStart(long step, boolean finished) {
        synchronized (pace) {
            pace.onStart(step);
        }
        if (finished) {
            print("nothing left to train: all " + pace.totalSteps() + " steps are done");
        } else if (step > 0) {
            print("resuming at step " + step + " of " + pace.totalSteps());
        }
    }

    @Override
    public void onStep(StepMetrics step) {
        synchronized (pace) {
            pace.onStep(step);
            last = step;
        }
        if (bar == null && nanoTime.getAsLong() - lastLine >= PLAIN_NANOS) {
            print(ProgressText.line(pace, step));
        }
    }

    @Override
    public void onEpoch(EpochMetrics epoch) {
        String text = ProgressText.epoch(pace, epoch);
        synchronized (pace) {
            pace.onEpoch(epoch);
        }
        print(text);
    }

    @Override
    public void onBadImage(BadImage image) {
        badImages++;
        if (badImages <= BAD_IMAGES_SHOWN) {
            print("bad " + image.set() + " image replaced: " + image.reason());
        } else if (badImages == BAD_IMAGES_SHOWN + 1) {
            print("more bad images are replaced and listed in metrics.jsonl alone");
        }
    }

    @Override
    public void onNotice(String notice) {
        print(notice);
    }

    /** Prints a line that stays; a bar goes on below it. */
    private void print(String text) {
        String line = Printable.of(text, LONGEST_LINE);
        lastLine = nanoTime.getAsLong();
        if (bar == null) {
            out.println(line);
            return;
        }
        String padding = " ".repeat(Math.max(0, terminal.columns() - 1 - line.length()));
        synchronized (out) {
            out.print("\r" + line + padding + "\n");
            out.flush();
        }
        bar.refresh();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
