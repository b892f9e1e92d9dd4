package dev.lockstep.supervise;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process's place in the group that follows its own: after a process was lost, or when one joins.
 *
 * @param rank 0 … size − 1
 * @param size P, the number of processes that continue
 * @param supervisor where they join
 */
public record NextGroup(int rank, int size, SupervisorAddress supervisor) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,5}) ([0-9]{1,5}) ([^ ]{1,255}:[0-9]{1,5}) (.*)");

    /** In one line, as it is sent, with the reason. */
    String line(GroupFailure reason) {
        return rank + " " + size + " " + supervisor + " " + reason.line();
    }

    /** What such a line says. */
    record Parsed(NextGroup next, GroupFailure reason) {}

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
                new NextGroup(rank, size, SupervisorAddress.parse(matcher.group(3))),
                GroupFailure.parse(matcher.group(4))));
    }
}
