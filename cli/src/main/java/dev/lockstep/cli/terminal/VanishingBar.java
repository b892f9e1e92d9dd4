package dev.lockstep.cli.terminal;

import dev.lockstep.launch.Terminal;
import java.io.PrintStream;
import java.util.function.IntFunction;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** A progress bar in the last line of a terminal, with permanent lines above it. Nothing of it stays when it is closed. */
final class VanishingBar implements AutoCloseable {
    private final PrintStream out;
    private final int columns;
    private final ProgressBar bar;
    private boolean gone;

    /** @param text for a number of columns */
    VanishingBar(PrintStream out, Terminal terminal, int updateMillis, long steps, IntFunction<String> text) {
        this.out = out;
        // In the last column the cursor might move to the next line.
        this.columns = terminal.columns() - 1;
        this.bar = new ProgressBarBuilder()
                .setInitialMax(steps)
                .setUpdateIntervalMillis(updateMillis)
                .setConsumer(new Line())
                .setRenderer((state, width) -> text.apply(width))
                .continuousUpdate()
                .build();
    }

    private final class Line extends ConsoleProgressBarConsumer {
        Line() {
            // A terminal shows Ctrl-C as ^C behind it.
            super(out, columns - 2);
        }

        /** The bar's own thread may be late. */
        @Override
        public void accept(String text) {
            synchronized (out) {
                if (!gone) {
                    super.accept(text);
                }
            }
        }

        @Override
        public void close() {}
    }

    private String cleared(String line) {
        return "\r" + line + " ".repeat(Math.max(0, columns - line.length())) + "\r";
    }

    /** Prints lines above the bar. */
    void print(String text) {
        synchronized (out) {
            out.print(cleared("") + Wrapping.wrap(text, columns, "  ") + "\n");
            out.flush();
        }
        bar.refresh();
    }

    @Override
    public void close() {
        bar.close();
        synchronized (out) {
            gone = true;
            out.print(cleared(""));
            out.flush();
        }
    }
}
