package dev.lockstep.supervise;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The request with which a process joins a group, in its {@link Handshake} with the supervisor.
 *
 * @param rank 0 … size − 1
 * @param size P, as configured for this process
 * @param dataHost the host at which it listens for the others' data; {@value #SAME} for the address at which the
 *     supervisor sees it
 * @param dataPort the port there; 0 when it listens nowhere
 * @param pid its process id
 * @param host the name of its machine, for messages
 * @param number in an elastic group, the process's own, which never changes
 * @param standbyPort where it listens for the others of an elastic group without a launcher when the keeper is lost; 0 for
 *     nowhere
 */
public record Place(
        int rank, int size, String dataHost, int dataPort, long pid, String host, int number, int standbyPort) {
    /** Used in place of a host: the address at which the receiver sees the process. */
    public static final String SAME = "-";
    /** More processes than any group will have: a larger WORLD_SIZE is a mistake. */
    public static final int MOST = 4096;

    private static final Pattern FORM = Pattern.compile(
            "join ([0-9]{1,9}) ([0-9]{1,9}) ([^\\s]{1,255}) ([0-9]{1,5}) ([0-9]{1,10}) ([^\\s]{1,255}) ([0-9]{1,9}) ([0-9]{1,5})");

    Place(int rank, int size, String dataHost, int dataPort, long pid, String host) {
        this(rank, size, dataHost, dataPort, pid, host, rank, 0);
    }

    /** This process, at the address that the supervisor sees. */
    public static Place of(int rank, int size, String dataHost, int dataPort) {
        return new Place(rank, size, dataHost, dataPort, ProcessHandle.current().pid(), HostName.own());
    }

    /** The same with what an elastic group without a launcher needs. */
    public Place standingBy(int asNumber, int port) {
        return new Place(rank, size, dataHost, dataPort, pid, host, asNumber, port);
    }

    static Optional<Place> parse(String request) {
        Matcher matcher = FORM.matcher(request);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        Place place = new Place(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                matcher.group(3),
                Integer.parseInt(matcher.group(4)),
                Long.parseLong(matcher.group(5)),
                matcher.group(6),
                Integer.parseInt(matcher.group(7)),
                Integer.parseInt(matcher.group(8)));
        return place.dataPort <= 65_535 && place.standbyPort <= 65_535 && place.rank < place.size
                ? Optional.of(place)
                : Optional.empty();
    }

    /** The form in which it is sent. */
    public String request() {
        return String.join(
                " ",
                "join",
                Integer.toString(rank),
                Integer.toString(size),
                dataHost,
                Integer.toString(dataPort),
                Long.toString(pid),
                host,
                Integer.toString(number),
                Integer.toString(standbyPort));
    }
}
