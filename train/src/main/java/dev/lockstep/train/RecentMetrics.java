package dev.lockstep.train;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The metrics that rank 0 may not have written yet, kept by every process: if rank 0 is lost, another one writes them. Rank
 * 0 writes its files at every save, and has certainly done so when the next one begins; so these are the metrics since the
 * save before the last.
 */
final class RecentMetrics {
    private long written;
    private long saved;
    private final List<StepMetrics> steps = new ArrayList<>();
    private final List<EpochMetrics> epochs = new ArrayList<>();

    /** @param step where the run starts */
    RecentMetrics(long step) {
        this.written = step;
        this.saved = step;
    }

    /** As they are sent to a process that is behind. */
    private record Sent(long written, long saved, List<StepMetrics> steps, List<EpochMetrics> epochs) {}

    void add(StepMetrics step) {
        steps.add(step);
    }

    void add(EpochMetrics epoch) {
        epochs.add(epoch);
    }

    /** A save begins after this many steps. */
    void save(long step) {
        written = saved;
        saved = step;
        steps.removeIf(metrics -> metrics.step() <= written);
        epochs.removeIf(metrics -> metrics.step() < written);
    }

    /** The metrics up to this step are certainly in the files. */
    long written() {
        return written;
    }

    /** The events after a step, in order; an epoch's follows that of its last step. */
    List<Event> after(long step) {
        record Placed(long step, int kind, Event event) {}
        List<Placed> placed = new ArrayList<>();
        steps.stream()
                .filter(metrics -> metrics.step() > step)
                .forEach(metrics -> placed.add(new Placed(metrics.step(), 0, new Event.Step(metrics))));
        epochs.stream()
                .filter(metrics -> metrics.step() >= step)
                .forEach(metrics -> placed.add(new Placed(metrics.step(), 1, new Event.Epoch(metrics))));
        placed.sort(Comparator.comparingLong(Placed::step).thenComparingInt(Placed::kind));
        return placed.stream().map(Placed::event).toList();
    }

    byte[] toJson() {
        try {
            return Json.MAPPER.writeValueAsBytes(new Sent(written, saved, steps, epochs));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes over what another process has. */
    void replace(byte[] json) {
        try {
            Sent sent = Json.MAPPER.readValue(json, Sent.class);
            written = sent.written;
            saved = sent.saved;
            steps.clear();
            steps.addAll(sent.steps);
            epochs.clear();
            epochs.addAll(sent.epochs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
