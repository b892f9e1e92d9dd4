package dev.lockstep.cli;

import dev.lockstep.study.StudyRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;

/** How far a study is, and how long it still takes: counted in epochs, which cost about the same in all its runs. */
final class StudyPace {
    private final List<StudyRun> grid;
    private final int parallel;
    private final double expectedSecondsPerEpoch;
    private final ToIntFunction<Path> epochsDone;
    private final LongSupplier nanoTime;
    private final Map<StudyRun, Integer> running = new LinkedHashMap<>();
    private long started;
    private int finishedRuns;
    private int finishedEpochs;
    private int epochsBefore;

    /**
     * @param expectedSecondsPerEpoch of one run beside others; NaN when nobody knows
     * @param epochsDone of a run that goes on, by its folder
     */
    StudyPace(
            List<StudyRun> grid,
            int parallel,
            double expectedSecondsPerEpoch,
            ToIntFunction<Path> epochsDone,
            LongSupplier nanoTime) {
        this.grid = grid;
        this.parallel = parallel;
        this.expectedSecondsPerEpoch = expectedSecondsPerEpoch;
        this.epochsDone = epochsDone;
        this.nanoTime = nanoTime;
        this.started = nanoTime.getAsLong();
    }

    synchronized void start(List<StudyRun> finished) {
        started = nanoTime.getAsLong();
        finishedRuns = finished.size();
        finishedEpochs = epochs(finished);
        epochsBefore = finishedEpochs;
    }

    synchronized void runStarts(StudyRun run) {
        int before = epochsDone.applyAsInt(run.folder());
        running.put(run, before);
        epochsBefore += before;
    }

    synchronized void runEnds(StudyRun run) {
        running.remove(run);
        finishedRuns++;
        finishedEpochs += run.recipe().epochs();
    }

    private static int epochs(List<StudyRun> runs) {
        return runs.stream().mapToInt(run -> run.recipe().epochs()).sum();
    }

    private int doneEpochs() {
        return finishedEpochs
                + running.keySet().stream()
                        .mapToInt(run -> Math.min(
                                epochsDone.applyAsInt(run.folder()),
                                run.recipe().epochs()))
                        .sum();
    }

    synchronized double fraction() {
        return (double) doneEpochs() / epochs(grid);
    }

    /** NaN while nobody knows. */
    synchronized double secondsLeft() {
        int done = doneEpochs();
        int session = done - epochsBefore;
        int left = epochs(grid) - done;
        if (session < 2 * parallel) {
            return left * expectedSecondsPerEpoch / parallel;
        }
        return left * ((nanoTime.getAsLong() - started) * 1e-9 / session);
    }

    /** One line: runs done, part done, what runs now, time left. */
    synchronized String text() {
        List<String> now = new ArrayList<>();
        for (StudyRun run : running.keySet()) {
            now.add(String.format(
                    Locale.ROOT,
                    "%s %d/%d",
                    run.title(),
                    Math.min(
                            epochsDone.applyAsInt(run.folder()) + 1,
                            run.recipe().epochs()),
                    run.recipe().epochs()));
        }
        double fraction = fraction();
        return String.format(
                Locale.ROOT,
                "%d/%d runs %3.0f%% %s %s left; epoch of %s",
                finishedRuns,
                grid.size(),
                Math.floor(100 * fraction),
                ProgressText.blocks(fraction),
                ProgressText.duration(secondsLeft()),
                now.isEmpty() ? "none" : String.join(", ", now));
    }
}
