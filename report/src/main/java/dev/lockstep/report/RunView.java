package dev.lockstep.report;

import dev.lockstep.metrics.Alert;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.JournalEntry;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.RunTail;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.metrics.WorkerTimes;
import dev.lockstep.recipe.Recipe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the files of a run say, kept up to date while the run goes on: of its steps only {@link Curves}, so that memory does
 * not grow with them. Not safe for use by several threads at once.
 */
public final class RunView {
    /** The news that a page shows. */
    private static final int NEWS = 200;

    private static final int RECENT = 50;
    private static final double PATIENCE_SECONDS = 30;
    private static final double PATIENCE_STEPS = 10;

    /** Whether a run goes on, or how it ended. */
    public enum State {
        RUNNING("running"),
        /** No sign of life for long, or its process is gone without a word. */
        LOST("no sign of life"),
        COMPLETED("completed"),
        INTERRUPTED("stopped"),
        DIVERGED("diverged"),
        FAILED("failed");

        private final String text;

        State(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }

    private final String name;
    private final Path folder;
    private final Recipe recipe;
    private final RunTail<Record> metricsTail;
    private final RunTail<JournalEntry> journalTail;
    private Curves curves = new Curves();
    private final List<EpochMetrics> epochs = new ArrayList<>();
    private final Deque<Double> recentSeconds = new ArrayDeque<>();
    private int badImages;
    private boolean cut;
    private @Nullable StepMetrics last;

    private final Deque<JournalEntry> news = new ArrayDeque<>();
    private final Deque<JournalEntry> alerts = new ArrayDeque<>();
    private JournalEntry.@Nullable Start start;
    private int processes;
    private long verifiedStep;
    private long checkpointStep;
    private long checkpointBytes;
    private long checkpointMillis;
    private @Nullable WorkerTimes workers;
    private @Nullable JournalEntry end;
    private long lastSign;
    private Optional<RunResult> result = Optional.empty();
    private Optional<Environment> environment = Optional.empty();
    private long resultMillis = -1;

    private RunView(Path folder, String name, Recipe recipe) {
        this.folder = folder;
        this.name = name;
        this.recipe = recipe;
        this.metricsTail = RunTail.metrics(folder);
        this.journalTail = RunTail.journal(folder);
    }

    /**
     * Opens a run folder and reads what is there.
     *
     * @param name for legends, unique on the page
     * @throws dev.lockstep.errors.LockstepException when the folder holds no run
     */
    public static RunView open(Path folder, String name) {
        RunView view = new RunView(folder, name, Recipe.read(folder.resolve("recipe.yaml")));
        view.refresh();
        return view;
    }

    /** Reads what is new; returns whether anything is. */
    public boolean refresh() {
        try {
            boolean changed = refreshResult();
            long before = lastSign;
            if (journalTail.poll(this::onJournal)) {
                forgetJournal();
                journalTail.poll(this::onJournal);
            }
            if (metricsTail.poll(this::onMetrics) || cut) {
                forgetMetrics();
                metricsTail.rewind();
                metricsTail.poll(this::onMetrics);
            }
            lastSign = Math.max(millis(folder.resolve(MetricsFile.NAME)), millis(folder.resolve(JournalEntry.NAME)));
            return changed || lastSign != before;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean refreshResult() {
        Path file = folder.resolve(RunResult.NAME);
        long now = millis(file);
        if (now == resultMillis) {
            return false;
        }
        resultMillis = now;
        result = now == 0 ? Optional.empty() : Optional.of(RunResult.read(folder));
        return true;
    }

    /** 0 if the file does not exist. */
    private static long millis(Path file) {
        try {
            return Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            return 0;
        }
    }

    private void forgetMetrics() {
        curves = new Curves();
        epochs.clear();
        recentSeconds.clear();
        badImages = 0;
        last = null;
        cut = false;
    }

    private void forgetJournal() {
        news.clear();
        alerts.clear();
        start = null;
        end = null;
        workers = null;
        verifiedStep = 0;
        checkpointStep = 0;
    }

    private void onMetrics(Record record) {
        if (record instanceof StepMetrics step) {
            StepMetrics before = last;
            if (before != null && step.step() <= before.step()) {
                // The file was cut off and has grown again since: what was read is void.
                cut = true;
                return;
            }
            last = step;
            curves.add(step);
            recentSeconds.addLast(step.stepSeconds());
            if (recentSeconds.size() > RECENT) {
                recentSeconds.removeFirst();
            }
        } else if (record instanceof EpochMetrics epoch) {
            epochs.removeIf(other -> other.epoch() >= epoch.epoch());
            epochs.add(epoch);
        } else if (record instanceof BadImage) {
            badImages++;
        }
    }

    private void onJournal(JournalEntry entry) {
        switch (entry.type()) {
            case JournalEntry.STARTED -> {
                start = entry.start();
                processes = start == null ? 0 : start.processes();
                end = null;
                workers = null;
            }
            case JournalEntry.RESUMED -> {
                verifiedStep = Math.min(verifiedStep, entry.step());
                keep(news, entry);
            }
            case JournalEntry.CHECKPOINT -> {
                checkpointStep = entry.step();
                checkpointBytes = entry.bytes();
                checkpointMillis = entry.time();
            }
            case JournalEntry.AUDIT -> verifiedStep = Math.max(verifiedStep, entry.step());
            case JournalEntry.GROUP -> processes = entry.processes();
            case JournalEntry.WORKERS -> workers = entry.workers();
            case JournalEntry.ALERT -> keep(alerts, entry);
            case JournalEntry.FINISHED, JournalEntry.FAILED -> {
                end = entry;
                keep(news, entry);
            }
            case JournalEntry.CHECKPOINT_FAILED -> {
                // Its notice says it.
            }
            default -> keep(news, entry);
        }
    }

    private static void keep(Deque<JournalEntry> entries, JournalEntry entry) {
        entries.addFirst(entry);
        if (entries.size() > NEWS) {
            entries.removeLast();
        }
    }

    public State state(Instant now) {
        if (result.isPresent()) {
            return switch (result.get().status()) {
                case COMPLETED -> State.COMPLETED;
                case INTERRUPTED -> State.INTERRUPTED;
                case DIVERGED -> State.DIVERGED;
            };
        }
        if (end != null && end.type().equals(JournalEntry.FAILED)) {
            return State.FAILED;
        }
        return isSilent(now) ? State.LOST : State.RUNNING;
    }

    private boolean isSilent(Instant now) {
        JournalEntry.Start began = start;
        double silent = (now.toEpochMilli() - lastSign) * 1e-3;
        double evaluation =
                epochs.stream().mapToDouble(EpochMetrics::seconds).max().orElse(0);
        double patience = Math.max(PATIENCE_SECONDS, PATIENCE_STEPS * medianStep() + evaluation);
        boolean gone = began != null
                && began.host().equals(JournalHost.NAME)
                && ProcessHandle.of(began.pid()).isEmpty();
        return gone && silent > 2 || silent > patience;
    }

    /** Seconds of all epochs with their evaluations; of an epoch under way, or stopped, those of its steps. */
    public double seconds() {
        return Math.max(
                curves.total(),
                epochs.stream().mapToDouble(EpochMetrics::seconds).sum());
    }

    /** Of the last steps; 0 before the first. */
    private double medianStep() {
        double[] sorted =
                recentSeconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    /** NaN if unknown. */
    double secondsLeft() {
        long total = totalSteps();
        if (total == 0 || recentSeconds.isEmpty()) {
            return Double.NaN;
        }
        double perStep = recentSeconds.stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(0);
        double evaluation = epochs.isEmpty()
                ? 0
                : Math.max(0, epochs.get(epochs.size() - 1).seconds() - perStep * iterationsPerEpoch());
        return Math.max(0, total - step()) * perStep + Math.max(0, recipe.epochs() - epochs.size()) * evaluation;
    }

    public String name() {
        return name;
    }

    public Path folder() {
        return folder;
    }

    public Recipe recipe() {
        return recipe;
    }

    Curves curves() {
        return curves;
    }

    public List<EpochMetrics> epochs() {
        return List.copyOf(epochs);
    }

    public double medianOfLastFive() {
        return MetricsFile.medianOfLastFive(epochs.size(), epochs);
    }

    public Optional<RunResult> result() {
        return result;
    }

    Optional<Environment> environment() {
        if (environment.isEmpty()) {
            environment = Environment.read(folder);
        }
        return environment;
    }

    public Optional<StepMetrics> last() {
        return Optional.ofNullable(last);
    }

    /** Iterations done. */
    public long step() {
        return last == null ? result.map(RunResult::steps).orElse(0L) : last.step();
    }

    /** Of the whole recipe; 0 if unknown. */
    public long totalSteps() {
        return (long) (recipe.epochs() * knownIterationsPerEpoch());
    }

    private double knownIterationsPerEpoch() {
        if (start != null) {
            return start.iterationsPerEpoch();
        }
        return epochs.isEmpty()
                ? environment().map(Environment::iterationsPerEpoch).orElse(0)
                : (double) epochs.get(0).step() / (epochs.get(0).epoch() + 1);
    }

    /** If unknown, the number of steps so far. */
    double iterationsPerEpoch() {
        double known = knownIterationsPerEpoch();
        return known > 0 ? known : Math.max(1, step());
    }

    /** How many processes the run has now; 0 if unknown. */
    public int processes() {
        return processes > 0 ? processes : result.map(RunResult::processes).orElse(0);
    }

    int lanes() {
        return start != null ? start.lanes() : result.map(RunResult::lanes).orElse(0);
    }

    Optional<JournalEntry.Start> start() {
        return Optional.ofNullable(start);
    }

    /** The last step after which all processes had the same bits; 0 if they were never compared. */
    public long verifiedStep() {
        return verifiedStep;
    }

    /** Of the newest checkpoint; 0 if there is none. */
    public long checkpointStep() {
        return checkpointStep;
    }

    public long checkpointBytes() {
        return checkpointBytes;
    }

    long checkpointMillis() {
        return checkpointMillis;
    }

    Optional<WorkerTimes> workers() {
        return Optional.ofNullable(workers);
    }

    public int badImages() {
        return badImages;
    }

    /** Newest first. */
    List<JournalEntry> news() {
        return List.copyOf(news);
    }

    /** Newest first. */
    public List<JournalEntry> alerts() {
        return List.copyOf(alerts);
    }

    /** When the run last wrote, in milliseconds since 1970; 0 if never. */
    public long lastSign() {
        return lastSign;
    }

    /** Images per second over the last steps; NaN before the first. */
    public double imagesPerSecond() {
        double mean = recentSeconds.stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(Double.NaN);
        return recipe.minibatch() / mean;
    }

    /** What needs a person: alerts of this run, newest first, except that a process has joined. */
    List<JournalEntry> attention() {
        return alerts.stream()
                .filter(alert -> !alert.kind().equals(Alert.Kind.PROCESS_JOINED.name()))
                .toList();
    }

    Optional<JournalEntry> end() {
        return Optional.ofNullable(end);
    }
}
