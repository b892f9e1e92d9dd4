package dev.lockstep.collective;

import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.PeerMonitor.Watcher;
import dev.lockstep.supervise.SupervisorAddress;
import java.time.Duration;

/** The watch over processes that our own launcher started: the launcher watches, and knows their exit status and logs. */
final class LaunchedWatch implements Watch {
    private final PeerMonitor monitor;

    LaunchedWatch(SupervisorAddress launcher, int rank, Duration timeout) {
        this.monitor = PeerMonitor.connect(launcher, rank, Watcher.launcher(timeout));
    }

    @Override
    public void publishPort(int port) {
        monitor.publishPort(port);
    }

    @Override
    public int awaitPort(Duration timeout) {
        return monitor.awaitPort(timeout);
    }

    @Override
    public void begin(Board board) {}

    @Override
    public void awaitVerdict() {
        monitor.awaitVerdict();
    }

    @Override
    public void failed(String words) {
        monitor.fail(words);
    }

    @Override
    public void end() {
        monitor.close();
    }
}
