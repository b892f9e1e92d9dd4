package dev.lockstep.run;

import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Hands each event to every listener, in the thread of the run. An exception of a listener becomes a notice; neither the
 * run nor the other listeners are affected.
 */
final class EventHub implements RunListener {
    private static final class Guarded {
        private final RunListener listener;
        private long failures;

        Guarded(RunListener listener) {
            this.listener = listener;
        }
    }

    /** Those that were opened for this run, then the others. */
    private final List<Guarded> listeners = new ArrayList<>();

    private final Queue<Event> queue = new ConcurrentLinkedQueue<>();
    private int opened;

    void add(RunListener listener) {
        listeners.add(new Guarded(listener));
    }

    /**
     * Adds a listener that was opened for this run. It gets events, and is closed, before those that {@link #add} added.
     */
    void addOpened(RunListener listener) {
        listeners.add(opened++, new Guarded(listener));
    }

    /** Adds a listener to a run under way; it gets this event now. */
    void add(RunListener listener, Event first) {
        Guarded late = new Guarded(listener);
        listeners.add(late);
        guard(late, "event = " + first.getClass().getSimpleName(), () -> listener.on(first));
    }

    /** Takes an event from any thread; listeners get it after the current event, or before the next one. */
    void later(Event event) {
        queue.add(event);
    }

    void notice(String text) {
        later(new Event.Notice(text));
    }

    /** The first event, ahead of what was queued before. */
    void start(RunInfo run) {
        hand(new Event.Started(run));
        handQueued();
    }

    @Override
    public void on(Event event) {
        handQueued();
        hand(event);
        handQueued();
    }

    private void handQueued() {
        for (Event event = queue.poll(); event != null; event = queue.poll()) {
            hand(event);
        }
    }

    private void hand(Event event) {
        for (Guarded each : listeners) {
            guard(each, "event = " + event.getClass().getSimpleName(), () -> each.listener.on(event));
        }
    }

    private void guard(Guarded each, String where, Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            if (each.failures++ == 0) {
                notice("warning: a listener failed, listener = "
                        + each.listener.getClass().getName() + ", " + where + ": " + e
                        + "; training continues, and the listener still gets events");
            }
        }
    }

    @Override
    public void flush() {
        listeners.forEach(each -> guard(each, "flush", each.listener::flush));
        handQueued();
    }

    /** Closes the listeners in their order; those still open receive notices of problems with earlier ones. */
    @Override
    public void close() {
        while (!listeners.isEmpty()) {
            handQueued();
            Guarded first = listeners.remove(0);
            guard(first, "close", first.listener::close);
        }
    }
}
