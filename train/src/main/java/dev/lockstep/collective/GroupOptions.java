package dev.lockstep.collective;

import dev.lockstep.errors.Printable;
import dev.lockstep.launch.Elastic;
import dev.lockstep.supervise.MemberEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How a process takes part in a group. Except for {@code mode}, none of it changes a bit of the result.
 *
 * @param mode how sums are computed; the same on every process
 * @param peerTimeout how long the supervisor, or this process, may be silent; the same on every process
 * @param joinTimeout how long to wait for processes that have not joined, or that do not connect to each other
 * @param callTimeout how long one message may take. Long, because a process may wait for another that is busy with
 *     something else, such as fetching data; dead and stopped processes are found by {@code peerTimeout}
 * @param networkInterface the name of the network interface on which the others reach this process, such as {@code eth0};
 *     empty for that of the route to the supervisor
 * @param notices receives lines that a person should see although nothing has failed
 * @param elastic how many processes the group may have if it is elastic and no launcher of ours keeps it
 * @param file where an elastic group that no launcher keeps says how to find it, on storage that all share; without it, processes
 *     that join later must be given the address of the process that keeps the group
 * @param events receives the members once the group is complete (JOINED, one event per rank), and its failure (FAILED)
 */
public record GroupOptions(
        Collectives.Mode mode,
        Duration peerTimeout,
        Duration joinTimeout,
        Duration callTimeout,
        String networkInterface,
        Consumer<String> notices,
        Consumer<MemberEvent> events,
        Optional<Elastic> elastic,
        Optional<Path> file) {
    private static final int LONGEST_NOTICE = 1000;

    public GroupOptions {
        requirePositive("peerTimeout", peerTimeout);
        requirePositive("joinTimeout", joinTimeout);
        requirePositive("callTimeout", callTimeout);
    }

    private static void requirePositive(String name, Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(name + " = " + duration + ": must be positive");
        }
    }

    /** The tree's order; 30 s of silence, 5 minutes to join, 30 minutes per message; notices to standard error. */
    public static GroupOptions defaults() {
        return new GroupOptions(
                Collectives.Mode.TREE,
                Duration.ofSeconds(30),
                Duration.ofMinutes(5),
                Duration.ofMinutes(30),
                "",
                line -> System.err.println("notice: " + Printable.of(line, LONGEST_NOTICE)),
                event -> {},
                Optional.empty(),
                Optional.empty());
    }

    public GroupOptions withMode(Collectives.Mode mode) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withPeerTimeout(Duration peerTimeout) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withJoinTimeout(Duration joinTimeout) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withCallTimeout(Duration callTimeout) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withNetworkInterface(String networkInterface) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withNotices(Consumer<String> notices) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withEvents(Consumer<MemberEvent> events) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withElastic(Optional<Elastic> elastic) {
        return new GroupOptions(
                mode, peerTimeout, joinTimeout, callTimeout, networkInterface, notices, events, elastic, file);
    }

    public GroupOptions withFile(Path file) {
        return new GroupOptions(
                mode,
                peerTimeout,
                joinTimeout,
                callTimeout,
                networkInterface,
                notices,
                events,
                elastic,
                Optional.of(file));
    }
}
