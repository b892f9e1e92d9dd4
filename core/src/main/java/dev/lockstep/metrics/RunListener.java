package dev.lockstep.metrics;

/**
 * Receives the events of a run. All methods are called by the thread that runs the training, so a listener that is
 * slow makes the run slow.
 *
 * <p>A listener cannot end the run by an exception: the first {@link RuntimeException} of each listener becomes an {@link
 * Event.Notice}, which names the listener and the event, and the listener keeps getting events. An {@link Error} ends
 * the run.
 *
 * @see RunListenerFactory
 */
@FunctionalInterface
public interface RunListener extends AutoCloseable {
    /** Called for each event, in order. */
    void on(Event event);

    /**
     * Flushes everything so far to its destination. Called before each checkpoint, so that the listeners' output reaches
     * at least as far as the checkpoint, and before the last event.
     */
    default void flush() {}

    /** Called once, after the last event. */
    @Override
    default void close() {}
}
