package dev.lockstep.launch;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** SIGINT, SIGTERM and SIGHUP as requests to stop, while this is open; {@link SignalFilter} says which of them count. */
public final class StopRequests implements AutoCloseable {
    /** Receives a signal. */
    public interface Listener {
        /**
         * Called for each signal.
         *
         * @param name such as {@code SIGTERM}
         * @param second whether it is the second one: the user does not want to wait any longer
         */
        void onSignal(String name, int number, boolean second);
    }

    /** Announces and requests a stop at the first signal; ends the process at the second. */
    public static Listener once(String what, Runnable stop) {
        return (name, number, second) -> {
            if (second) {
                Runtime.getRuntime().halt(128 + number);
            }
            Terminal terminal = Terminal.fromEnvironment();
            synchronized (System.err) {
                // Over the bar, and the ^C that the terminal has put behind it.
                System.err.print(terminal.interactive() ? "\r" + " ".repeat(terminal.columns() - 1) + "\r" : "\n");
                System.err.println(name + ": " + what + "; repeat the signal to end at once");
            }
            stop.run();
        };
    }

    private final SignalFilter filter = SignalFilter.ofThisProcess();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> restore;
    private volatile int received;

    /** @param first receive signals from the beginning */
    public StopRequests(Listener... first) {
        listeners.addAll(List.of(first));
        restore = Stream.of("INT", "TERM", "HUP").map(this::handle).toList();
    }

    /**
     * Takes over a signal and returns what gives it back. The JDK has no other way to a handler than a class that
     * Javadoc warns of, hence no import and no signature with it.
     */
    private Runnable handle(String name) {
        var signal = new sun.misc.Signal(name);
        var previous = sun.misc.Signal.handle(signal, it -> onSignal(name, it.getNumber()));
        return () -> sun.misc.Signal.handle(signal, previous);
    }

    private void onSignal(String name, int number) {
        boolean second = received != 0;
        if (!filter.counts(name, second)) {
            return;
        }
        if (!second) {
            received = number;
        }
        listeners.forEach(listener -> listener.onSignal("SIG" + name, number, second));
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
        restore.forEach(Runnable::run);
    }
}
