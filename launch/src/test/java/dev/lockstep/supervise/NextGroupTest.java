package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class NextGroupTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final GroupFailure LOST = new GroupFailure(1, "node7", "rank 1 on node7 was killed");
    private static final NextGroup NEXT =
            new NextGroup(1, 2, NextGroup.LAUNCHER, new SupervisorAddress("127.0.0.1", 4711));

    private final List<GroupFailure> failures = Collections.synchronizedList(new ArrayList<>());

    @Test
    void line_andBack() {
        assertThat(NextGroup.parse(NEXT.line(LOST))).contains(new NextGroup.Parsed(NEXT, LOST));
        assertThat(NextGroup.parse("3 2 -1 127.0.0.1:4711 1 node7 rank 3 of 2")).isEmpty();
        assertThat(NextGroup.parse("words")).isEmpty();
    }

    @Test
    void succeed_sendsMembersToTheNextGroup_andTellsTheOthersOfTheFailure() {
        try (Supervisor supervisor = supervisor()) {
            PeerMonitor first = joined(supervisor, 0);
            PeerMonitor lost = joined(supervisor, 1);
            supervisor.succeed(LOST, Map.of(0, new NextGroup(0, 2, NextGroup.LAUNCHER, NEXT.supervisor()), 2, NEXT));
            PeerMonitor late = joined(supervisor, 2);

            assertThat(outcome(first)).contains(LOST);
            assertThat(first.next()).contains(new NextGroup(0, 2, NextGroup.LAUNCHER, NEXT.supervisor()));
            assertThat(outcome(late)).contains(LOST);
            assertThat(late.next()).contains(NEXT);
            assertThat(outcome(lost)).contains(LOST);
            assertThat(lost.next()).isEmpty();
            // Only who has no place sees a failure.
            assertThat(failures).containsExactly(LOST);
        }
    }

    @Test
    void succeed_afterAFailure_changesNothing() {
        try (Supervisor supervisor = supervisor()) {
            PeerMonitor first = joined(supervisor, 0);
            supervisor.announce(LOST);
            supervisor.succeed(LOST, Map.of(0, NEXT));

            assertThat(outcome(first)).contains(LOST);
            assertThat(first.next()).isEmpty();
        }
    }

    private static Supervisor supervisor() {
        return Supervisor.onLoopback(3, GroupSecret.none(), LONG, event -> {}, line -> {});
    }

    private PeerMonitor joined(Supervisor supervisor, int rank) {
        InetSocketAddress here = new InetSocketAddress(
                InetAddress.getLoopbackAddress(), supervisor.address().port());
        Connection connection = Connection.open(
                () -> new SupervisorAddress(here.getHostString(), here.getPort()),
                GroupSecret.none(),
                channel -> new Place(rank, 3, Place.SAME, 1234, 99, "node" + rank).request(),
                "the supervisor",
                LONG,
                line -> {});
        return PeerMonitor.over(connection, rank, PeerMonitor.Watcher.launcher(LONG), failures::add, () -> {}, null);
    }

    private static Optional<GroupFailure> outcome(PeerMonitor monitor) {
        return monitor.outcome().orTimeout(20, TimeUnit.SECONDS).join();
    }
}
