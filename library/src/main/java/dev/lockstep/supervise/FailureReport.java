package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.util.List;

/**
 * Which process brought a group down, for everyone who goes down with it.
 *
 * @param host the machine on which the process ran
 * @param cause what happened to it: {@code was killed by signal 9 (SIGKILL), exit status 137}
 * @param lastLines the end of its log, oldest line first; may be empty
 * @param log where the whole log is; may be empty
 */
public record FailureReport(int rank, String host, String cause, List<String> lastLines, String log) {
    public FailureReport {
        lastLines = List.copyOf(lastLines);
    }

    /** The report as the failure that every process ends with. */
    public LockstepException asException() {
        String lines = lastLines.isEmpty() ? "its log is empty" : "last log lines: " + String.join(" | ", lastLines);
        String see = log.isEmpty() ? "see its log" : "see " + log;
        return LockstepException.worker("rank " + rank + " on " + host + " " + cause, lines, see);
    }

    /** The report in one line, as it travels. */
    public String line() {
        return asException().getMessage();
    }
}
