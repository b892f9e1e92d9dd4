package dev.lockstep.cli.terminal;

import dev.lockstep.study.StudyRun;
import dev.lockstep.text.Format;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;

/**
 * The progress of a study and its remaining time, counted in epochs, which cost about the same in all its runs. Runs
 * are assigned to the slots in the grid's order.
 */
public final class StudyPace {
    private final List<StudyRun> grid;
    private final int parallel;
    private final double expectedSecondsPerEpoch;
    private final ToIntFunction<Path> epochsDone;
    private final LongSupplier nanoTime;
    private final Map<StudyRun, Started> running = new LinkedHashMap<>();
    private final Set<StudyRun> finished = new HashSet<>();
    private double endedSeconds;
    private int endedEpochs;

    /** When this session started or resumed a run, and its number of epochs then. */
    private record Started(long nanos, int epochs) {}

    /**
     * @param expectedSecondsPerEpoch of one run beside others; NaN if unknown
     * @param epochsDone of a run that is resumed, by its folder
     */
    public StudyPace(
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
    }

    public synchronized void start(List<StudyRun> alreadyFinished) {
        finished.addAll(alreadyFinished);
    }

    public synchronized void runStarts(StudyRun run) {
        running.put(run, new Started(nanoTime.getAsLong(), epochs(run)));
    }

    public synchronized void runEnds(StudyRun run) {
        Started started = running.remove(run);
        finished.add(run);
        if (started != null) {
            endedSeconds += seconds(started);
            endedEpochs += run.recipe().epochs() - started.epochs;
        }
    }

    private double seconds(Started started) {
        return (nanoTime.getAsLong() - started.nanos) * 1e-9;
    }

    /** The completed epochs of a run. */
    private int epochs(StudyRun run) {
        int all = run.recipe().epochs();
        return finished.contains(run) ? all : Math.min(all, epochsDone.applyAsInt(run.folder()));
    }

    public synchronized double fraction() {
        double all = grid.stream().mapToInt(run -> run.recipe().epochs()).sum();
        return grid.stream().mapToInt(this::epochs).sum() / all;
    }

    /** NaN while unknown. */
    public synchronized double secondsLeft() {
        double[] slots = new double[parallel];
        double secondsPerEpoch = secondsPerEpoch();
        grid.stream()
                .sorted(Comparator.comparing(run -> !running.containsKey(run)))
                .mapToDouble(run -> (run.recipe().epochs() - epochs(run)) * secondsPerEpoch)
                .forEach(seconds -> {
                    Arrays.sort(slots);
                    slots[0] += seconds;
                });
        return Arrays.stream(slots).max().orElse(0);
    }

    /** Of one run, as this session measures it; the expected value until there is enough to measure. */
    private double secondsPerEpoch() {
        double seconds = endedSeconds;
        int epochs = endedEpochs;
        for (Map.Entry<StudyRun, Started> entry : running.entrySet()) {
            seconds += seconds(entry.getValue());
            epochs += epochs(entry.getKey()) - entry.getValue().epochs;
        }
        return epochs < 2 * parallel ? expectedSecondsPerEpoch : seconds / epochs;
    }

    /** One line: runs done, completed part, current runs, time left. */
    public synchronized String text() {
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
                finished.size(),
                grid.size(),
                Math.floor(100 * fraction),
                ProgressText.blocks(fraction),
                Format.clock(secondsLeft()),
                now.isEmpty() ? "none" : String.join(", ", now));
    }
}
