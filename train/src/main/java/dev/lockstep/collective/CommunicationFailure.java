package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.torch.TorchRuntime;
import java.util.regex.Pattern;

/** Interprets a failed message. c10d's failures are a line followed by kilobytes of C++ stack; the line is decisive. */
final class CommunicationFailure {
    private static final Pattern SOURCE_LINE = Pattern.compile("^\\[[^]]*\\.(cc|cpp|h|hpp):\\d+]\\s*");

    private CommunicationFailure() {}

    /**
     * @param who the process or processes at the other end
     * @param where what this process was doing
     */
    static LockstepException of(Exception failure, String who, String where) {
        return new LockstepException(
                LockstepException.Kind.WORKER,
                who + " " + meaning(failure),
                where,
                "see the log of the process that ended first",
                failure);
    }

    static boolean isTimeout(Exception failure) {
        String line = TorchRuntime.firstLine(failure).toLowerCase(java.util.Locale.ROOT);
        return line.contains("timed out") || line.contains("timeout");
    }

    /** The first line without the location in the C++ source. */
    static String line(Exception failure) {
        return SOURCE_LINE.matcher(TorchRuntime.firstLine(failure)).replaceFirst("");
    }

    private static String meaning(Exception failure) {
        String line = line(failure);
        if (line.contains("Connection closed by peer")
                || line.contains("Connection reset by peer")
                || line.contains("Broken pipe")) {
            return "closed the connection";
        }
        return isTimeout(failure) ? "did not answer in time" : "cannot be reached (" + line + ")";
    }
}
