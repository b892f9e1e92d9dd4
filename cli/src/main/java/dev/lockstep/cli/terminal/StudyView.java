package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import dev.lockstep.launch.Terminal;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.study.RunSummary;
import dev.lockstep.study.StudyListener;
import dev.lockstep.study.StudyRun;
import dev.lockstep.text.Format;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Shows the progress of a study: one line per finished run, and a bar or one line per minute in between. */
public final class StudyView implements StudyListener, AutoCloseable {
    private static final long LINE_SECONDS = 60;
    private static final int UPDATE_MILLIS = 1000;

    private static final int LONGEST_LINE = 2000;

    private final StudyPace pace;
    private final PrintStream out;
    private final @Nullable VanishingBar bar;
    private final ScheduledExecutorService ticker;

    public StudyView(StudyPace pace, PrintStream out, Terminal terminal) {
        this.pace = pace;
        this.out = out;
        this.bar = terminal.interactive()
                ? new VanishingBar(
                        out, terminal, UPDATE_MILLIS, 1, columns -> ProgressText.filled(pace.text(), columns))
                : null;
        this.ticker = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "lockstep-study-view");
            thread.setDaemon(true);
            return thread;
        });
        if (bar == null) {
            var unused =
                    ticker.scheduleAtFixedRate(() -> print(pace.text()), LINE_SECONDS, LINE_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Override
    public void onStart(List<StudyRun> grid, List<StudyRun> finished) {
        pace.start(finished);
        if (!finished.isEmpty()) {
            print(finished.size() + " of " + grid.size() + " runs are finished already");
        }
    }

    @Override
    public void onRunStart(StudyRun run) {
        pace.runStarts(run);
    }

    @Override
    public void onRunEnd(StudyRun run, RunSummary summary) {
        pace.runEnds(run);
        print(run.title() + ": "
                + (summary.status() == RunResult.Status.DIVERGED
                        ? "diverged"
                        : "validation error " + Format.error(summary.error())));
    }

    private void print(String text) {
        String line = Printable.of(text, LONGEST_LINE);
        if (bar == null) {
            synchronized (out) {
                out.print(line + "\n");
                out.flush();
            }
        } else {
            bar.print(line);
        }
    }

    @Override
    public void close() {
        ticker.shutdownNow();
        if (bar != null) {
            bar.close();
        }
    }
}
