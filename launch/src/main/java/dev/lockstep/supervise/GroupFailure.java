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
 * @param rank the process that failed first; {@link #NO_RANK} when it is not one of the group's, such as a lost launcher
 * @param host the machine on which it ran, one word
 * @param message one line that names the process and the cause, such as {@code rank 1 on node7 was killed by signal 9
 *     (SIGKILL), exit status 137, last log lines: …, see logs/rank-1.log}
 */
public record GroupFailure(int rank, String host, String message) {
    /** Used in place of a rank. */
    public static final int NO_RANK = -1;

    /** The cause when the exit status is unknown: the process's connection to the supervisor closed. */
    public static final String VANISHED = "ended without deregistering";

    private static final Pattern FORM = Pattern.compile("(-1|[0-9]{1,9}) ([^\\s]{1,255}) (.*)");

    /**
     * A failure of a process whose log is only available where it was started.
     *
     * @param cause what happened to it, such as {@code gave no sign of life for 30 s}
     */
    public static GroupFailure of(int rank, String host, String cause) {
        return of(
                rank,
                host,
                cause,
                "its launcher has its exit status and its log",
                "look there, then start all processes again");
    }

    /**
     * A failure of a process whose log this launcher has.
     *
     * @param lastLines the end of its log, oldest line first; may be empty
     * @param log the path of the whole log
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

    /** A failure that the process reported itself. */
    public static GroupFailure inOwnWords(int rank, String host, String words) {
        return new GroupFailure(rank, host, "rank " + rank + " on " + host + " failed: " + words);
    }

    /** The same failure, and what else happens in the same change of the group. */
    GroupFailure and(String words) {
        return new GroupFailure(rank, host, message + "; " + words);
    }

    /** The one line that a process sends to the others about its own failure. */
    public static String words(Throwable failure) {
        if (failure instanceof LockstepException known) {
            return known.getMessage();
        }
        String message = String.valueOf(failure.getMessage());
        return "unexpected " + failure.getClass().getSimpleName() + ": "
                + Printable.of(message.lines().findFirst().orElse(""));
    }

    /** The cause for a silent process, whether it was stopped or cut off. */
    public static String silent(Duration timeout) {
        return "gave no sign of life for " + timeout.toSeconds() + " s";
    }

    /** The exception that every later call on the group throws, with this message. */
    public LockstepException asException() {
        return LockstepException.worker(message, "", "");
    }

    /** The failure in one line, as it is sent. */
    String line() {
        return rank + " " + host + " " + message;
    }

    /** Parses any line; one that is not in the form of {@link #line} is a message as a whole. */
    static GroupFailure parse(String line) {
        Matcher matcher = FORM.matcher(line);
        return matcher.matches()
                ? new GroupFailure(Integer.parseInt(matcher.group(1)), matcher.group(2), matcher.group(3))
                : new GroupFailure(NO_RANK, "unknown-host", line);
    }
}
