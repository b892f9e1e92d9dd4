package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.FailureReport;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.PeerMonitor.Watcher;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The watch over processes that torchrun or another launcher started: rank 0 watches them, and they watch rank 0. Each sees
 * the other vanish or fall silent, but not its exit status.
 */
final class HostedWatch implements Watch {
    private static final String KEY = "supervisor";

    private static final String HOST = "supervisor-host";

    private final GroupEnvironment place;
    private final Duration timeout;
    private @Nullable Supervisor supervisor;
    private @Nullable PeerMonitor monitor;

    HostedWatch(GroupEnvironment place, Duration timeout) {
        this.place = place;
        this.timeout = timeout;
    }

    @Override
    public void publishPort(int port) {}

    @Override
    public int awaitPort(Duration joinTimeout) {
        throw LockstepException.recipe(
                GroupEnvironment.MASTER_PORT + " = 0 leaves the port to rank 0",
                "nobody tells it to this process",
                "give a port that is free on the machine of rank 0");
    }

    @Override
    public void begin(Board board) {
        if (place.rank() == 0) {
            supervisor = new Supervisor(
                    LocalAddress.towards(LocalAddress.resolve(place.masterAddress())), timeout, new Announcer());
            board.put(HOST, HostName.own());
            board.put(KEY, supervisor.address().toString());
        }
        monitor = PeerMonitor.connect(
                SupervisorAddress.parse(board.get(KEY)), place.rank(), Watcher.rankZero(board.get(HOST), timeout));
    }

    private void announce(int rank, String line) {
        if (supervisor != null) {
            supervisor.announce(rank, line);
        }
    }

    private void announceCause(int rank, String host, String cause) {
        announce(rank, new FailureReport(rank, host, cause, List.of(), "").line());
    }

    private final class Announcer implements Supervisor.Events {
        @Override
        public void lost(int rank, String host) {
            announceCause(rank, host, FailureReport.VANISHED);
        }

        @Override
        public void silent(int rank, String host) {
            announceCause(rank, host, FailureReport.silent(timeout));
        }

        @Override
        public void failed(int rank, String host, String words) {
            announce(rank, FailureReport.inOwnWords(rank, host, words));
        }
    }

    @Override
    public void awaitVerdict() {
        if (monitor != null) {
            monitor.awaitVerdict();
        }
    }

    /** Rank 0 stays until the others know: the supervisor ends with it. */
    @Override
    public void failed(String words) {
        if (monitor != null) {
            monitor.fail(words);
        }
        if (supervisor != null) {
            supervisor.awaitEndings();
            announce(place.rank(), FailureReport.inOwnWords(place.rank(), HostName.own(), words));
        }
    }

    @Override
    public void end() {
        if (monitor != null) {
            monitor.close();
        }
        if (supervisor != null) {
            supervisor.close();
        }
    }
}
