package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import java.time.Duration;
import java.util.List;

/**
 * Which process brought a group down, for everyone who goes down with it.
 *
 * @param host the machine on which the process ran
 * @param cause what happened to it: {@code was killed by signal 9 (SIGKILL), exit status 137}
 * @param lastLines the end of its log, oldest line first; may be empty
 * @param log where the whole log is; empty where another launcher started the process and keeps its log
 */
public record FailureReport(int rank, String host, String cause, List<String> lastLines, String log) {
    /** Where the exit status is not known: the process's line to the supervisor closed. */
    public static final String VANISHED = "ended without taking leave";

    /** The line about a process that told the others why it cannot go on. */
    public static String inOwnWords(int rank, String host, String words) {
        return "rank " + rank + " on " + host + " failed: " + words;
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

    /** The cause of a process that does nothing any more, be it stopped or cut off. */
    public static String silent(Duration timeout) {
        return "gave no sign of life for " + timeout.toSeconds() + " s";
    }

    public FailureReport {
        lastLines = List.copyOf(lastLines);
    }

    /** The report as the failure that every process ends with. */
    public LockstepException asException() {
        String what = "rank " + rank + " on " + host + " " + cause;
        if (log.isEmpty()) {
            return LockstepException.worker(
                    what, "its exit status and its log are with whoever started it", "see there, then start all again");
        }
        String lines = lastLines.isEmpty() ? "its log is empty" : "last log lines: " + String.join(" | ", lastLines);
        return LockstepException.worker(what, lines, "see " + log);
    }

    /** The report in one line, as it travels. */
    public String line() {
        return asException().getMessage();
    }
}
