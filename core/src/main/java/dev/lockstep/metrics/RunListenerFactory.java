package dev.lockstep.metrics;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * Opens a listener for each run. Every factory that {@link java.util.ServiceLoader} finds on the class path takes part
 * in every run, on every process: put its class name into {@code
 * META-INF/services/dev.lockstep.metrics.RunListenerFactory}. JSON lines, TensorBoard events and the report work this
 * way, too.
 */
@FunctionalInterface
public interface RunListenerFactory {
    /**
     * Called once per run and process, after the checkpoint is restored and before the first event. A run continues
     * from {@link RunInfo#step}: remove the output of an earlier session after that step here, since those steps will
     * be repeated.
     *
     * @param notices receives lines for the person who watches the run, from any thread; they become {@link Event.Notice}s
     * @return empty when there is nothing to listen to, such as on ranks above 0 for a listener that writes files
     * @throws dev.lockstep.errors.LockstepException when the listener cannot be opened; the run then fails before its
     *     first step
     */
    Optional<RunListener> open(RunInfo run, Consumer<String> notices);
}
