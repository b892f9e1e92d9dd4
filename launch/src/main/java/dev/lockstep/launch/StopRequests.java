package dev.lockstep.launch;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** SIGINT, SIGTERM and SIGHUP as requests to stop, while this is open; {@link SignalFilter} says which of them count. */
public final class StopRequests implements AutoCloseable {
    /** Receives a signal. */
    public interface Listener {
        /** @param second whether it is the second one: the user does not want to wait any longer */
        void onSignal(Signal signal, boolean second);
    }

    /** Announces and requests a stop at the first signal; ends the process at the second. */
    public static Listener once(String what, Runnable stop) {
        return (signal, second) -> {
            if (second) {
                Runtime.getRuntime().halt(128 + signal.getNumber());
            }
            System.err.println("\n" + signal + ": " + what + "; repeat the signal to end at once");
            stop.run();
        };
    }

    private final List<Signal> signals = List.of(new Signal("INT"), new Signal("TERM"), new Signal("HUP"));
    private final SignalFilter filter = SignalFilter.ofThisProcess();
    private final List<SignalHandler> previous;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private volatile int received;

    /** @param first receive signals from the beginning */
    public StopRequests(Listener... first) {
        listeners.addAll(List.of(first));
        previous = signals.stream()
                .map(signal -> Signal.handle(signal, this::onSignal))
                .toList();
    }

    private void onSignal(Signal signal) {
        boolean second = received != 0;
        if (!filter.counts(signal.getName(), second)) {
            return;
        }
        if (!second) {
            received = signal.getNumber();
        }
        listeners.forEach(listener -> listener.onSignal(signal, second));
    }

    /** The number of the first signal; 0 when there was none. */
    public int received() {
        return received;
    }

    /** The exit code of a process that stopped for the signal. */
    public int exitCode() {
        return 128 + received;
    }

    void add(Listener listener) {
        listeners.add(listener);
    }

    void remove(Listener listener) {
        listeners.remove(listener);
    }

    @Override
    public void close() {
        for (int i = 0; i < signals.size(); i++) {
            Signal.handle(signals.get(i), previous.get(i));
        }
    }
}
