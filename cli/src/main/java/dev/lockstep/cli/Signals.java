package dev.lockstep.cli;

import dev.lockstep.report.RunResult;
import dev.lockstep.train.StopSignal;
import java.util.List;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** SIGINT, SIGTERM and SIGHUP as requests to save and stop; see {@link SignalFilter} for the second one. */
final class Signals implements AutoCloseable {
    private static final int TERMINATE = 15;
    private static final int SIGNALLED = 128;

    private final SignalFilter filter = SignalFilter.ofThisProcess();
    private final StopSignal stop = new StopSignal();
    private final List<Signal> signals = List.of(new Signal("INT"), new Signal("TERM"), new Signal("HUP"));
    private final List<SignalHandler> previous;
    private volatile int received;

    private Signals() {
        this.previous = signals.stream()
                .map(signal -> Signal.handle(signal, this::onSignal))
                .toList();
    }

    static Signals handle() {
        return new Signals();
    }

    private void onSignal(Signal signal) {
        if (!filter.counts(signal.getName(), received != 0)) {
            return;
        }
        if (received != 0) {
            Runtime.getRuntime().halt(SIGNALLED + signal.getNumber());
        }
        received = signal.getNumber();
        System.err.println("\n" + signal + ": finishing this step and saving a checkpoint; again ends at once");
        stop.request();
    }

    StopSignal stop() {
        return stop;
    }

    /**
     * 128 plus the signal's number when a signal cut the run short, be it one to another process of the group; else 0.
     *
     * @param stopAfter the step at which the run was to stop anyway; negative: none
     */
    int exitCode(RunResult result, long stopAfter) {
        if (result.status() != RunResult.Status.INTERRUPTED) {
            return 0;
        }
        if (received != 0) {
            return SIGNALLED + received;
        }
        boolean asked = stopAfter >= 0 && result.steps() >= stopAfter;
        return asked ? 0 : SIGNALLED + TERMINATE;
    }

    @Override
    public void close() {
        for (int i = 0; i < signals.size(); i++) {
            Signal.handle(signals.get(i), previous.get(i));
        }
    }
}
