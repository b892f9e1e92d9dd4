package dev.lockstep.cli;

import dev.lockstep.report.RunResult;
import dev.lockstep.supervise.SupervisorAddress;
import dev.lockstep.train.StopSignal;
import java.util.List;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** SIGINT and SIGTERM as requests to save and stop; the second one ends the process at once. */
final class Signals implements AutoCloseable {
    private static final int INTERRUPT = 2;

    /** Ctrl-C reaches all processes of a terminal, and then the launcher passes it on as SIGTERM: it must count once. */
    private final boolean supervised = SupervisorAddress.from(System.getenv()).isPresent();

    private final StopSignal stop = new StopSignal();
    private final List<Signal> signals = List.of(new Signal("INT"), new Signal("TERM"));
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
        if (supervised && signal.getNumber() == INTERRUPT) {
            return;
        }
        if (received != 0) {
            Runtime.getRuntime().halt(128 + signal.getNumber());
        }
        received = signal.getNumber();
        System.err.println("\n" + signal + ": finishing this step and saving a checkpoint; again ends at once");
        stop.request();
    }

    StopSignal stop() {
        return stop;
    }

    /** 128 plus the signal's number when a signal cut the run short, else 0. */
    int exitCode(RunResult result) {
        return received != 0 && result.status() == RunResult.Status.INTERRUPTED ? 128 + received : 0;
    }

    @Override
    public void close() {
        for (int i = 0; i < signals.size(); i++) {
            Signal.handle(signals.get(i), previous.get(i));
        }
    }
}
