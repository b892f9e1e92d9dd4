package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why a group failed: which of its processes is to blame, and what happened to it.
 *
 * @param rank the process that failed first; {@link #NO_RANK} where it is none of the group's, as for a launcher that is gone
 * @param host the machine on which it ran, one word
 * @param message one line that names the process and the cause, such as {@code rank 1 on node7 was killed by signal 9
 *     (SIGKILL), exit status 137, last log lines: …, see logs/rank-1.log}
 */
public record GroupFailure(int rank, String host, String message) {
    /** In place of a rank. */
    public static final int NO_RANK = -1;

    /** The cause where the exit status is not known: the process's connection to the supervisor closed. */
    public static final String VANISHED = "ended without taking leave";

    private static final Pattern FORM = Pattern.compile("(-1|[0-9]{1,5}) ([^\\s]{1,255}) (.*)");

    /**
     * A process whose log only whoever started it has.
     *
     * @param cause what happened to it: {@code gave no sign of life for 30 s}
     */
    public static GroupFailure of(int rank, String host, String cause) {
        return of(
                rank,
                host,
                cause,
                "its exit status and its log are with whoever started it",
                "see there, then start all again");
    }

    /**
     * A process of which we have the log.
     *
     * @param lastLines the end of its log, oldest line first; may be empty
     * @param log where the whole log is
     */
    public static GroupFailure of(int rank, String host, String cause, List<String> lastLines, String log) {
        String lines = lastLines.isEmpty() ? "its log is empty" : "last log lines: " + String.join(" | ", lastLines);
        return of(rank, host, cause, lines, "see " + log);
    }

    private static GroupFailure of(int rank, String host, String cause, String where, String fix) {
        String what = "rank " + rank + " on " + host + " " + cause;
        return new GroupFailure(
                rank, host, LockstepException.worker(what, where, fix).getMessage());
    }

    /** A process that told the others why it cannot continue. */
    public static GroupFailure inOwnWords(int rank, String host, String words) {
        return new GroupFailure(rank, host, "rank " + rank + " on " + host + " failed: " + words);
    }

    /** What a process tells the others of a failure that ends it: one line. */
    public static String words(Throwable failure) {
        if (failure instanceof LockstepException known) {
            return known.getMessage();
        }
        String message = String.valueOf(failure.getMessage());
        return "unexpected " + failure.getClass().getSimpleName() + ": "
                + Printable.of(message.lines().findFirst().orElse(""));
    }

    /** The cause of a process that does nothing any more, whether it was stopped or cut off. */
    public static String silent(Duration timeout) {
        return "gave no sign of life for " + timeout.toSeconds() + " s";
    }

    /** The failure of every call on the group: its message is this failure's. */
    public LockstepException asException() {
        return LockstepException.worker(message, "", "");
    }

    /** The failure in one line, as it travels. */
    String line() {
        return rank + " " + host + " " + message;
    }

    /** A line of any form; where it is none of {@link #line}, all of it is the message. */
    static GroupFailure parse(String line) {
        Matcher matcher = FORM.matcher(line);
        return matcher.matches()
                ? new GroupFailure(Integer.parseInt(matcher.group(1)), matcher.group(2), matcher.group(3))
                : new GroupFailure(NO_RANK, "unknown-host", line);
    }
}
