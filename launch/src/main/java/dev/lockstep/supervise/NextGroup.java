package dev.lockstep.supervise;

import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process's place in the group that follows its own: after a process was lost, or when one joins.
 *
 * @param rank 0 … size − 1
 * @param size P, the number of processes that continue
 * @param keeper the number of the process that keeps the group; {@link #LAUNCHER} if none does
 * @param supervisor where they join; the host may be {@link Place#SAME}, that of the other end of the connection
 */
public record NextGroup(int rank, int size, int keeper, SupervisorAddress supervisor) {
    /** The keeper is none of the group's processes. */
    public static final int LAUNCHER = -1;

    private static final Pattern FORM =
            Pattern.compile("([0-9]{1,5}) ([0-9]{1,5}) (-1|[0-9]{1,9}) ([^ ]{1,255}:[0-9]{1,5}) (.*)");

    /** In one line, as it is sent, with the reason. */
    String line(GroupFailure reason) {
        return rank + " " + size + " " + keeper + " " + supervisor + " " + reason.line();
    }

    /** What such a line says. */
    record Parsed(NextGroup next, GroupFailure reason) {
        /** With the address of a host as this process knows it. */
        Parsed at(InetAddress other) {
            SupervisorAddress supervisor = next.supervisor;
            return supervisor.host().equals(Place.SAME)
                    ? new Parsed(
                            new NextGroup(
                                    next.rank,
                                    next.size,
                                    next.keeper,
                                    new SupervisorAddress(other.getHostAddress(), supervisor.port())),
                            reason)
                    : this;
        }
    }

    /** Empty when the line has another form. */
    static Optional<Parsed> parse(String line) {
        Matcher matcher = FORM.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int rank = Integer.parseInt(matcher.group(1));
        int size = Integer.parseInt(matcher.group(2));
        if (size < 1 || size > Place.MOST || rank >= size) {
            return Optional.empty();
        }
        return Optional.of(new Parsed(
                new NextGroup(
                        rank, size, Integer.parseInt(matcher.group(3)), SupervisorAddress.parse(matcher.group(4))),
                GroupFailure.parse(matcher.group(5))));
    }
}
