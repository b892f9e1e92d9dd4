package dev.lockstep.supervise;

import java.util.Map;

/**
 * How a process ended, in words. Java reports a process that was killed by signal n as status 128 + n.
 *
 * @param code 0 … 255
 */
public record ExitStatus(int code) {
    private static final int SIGNAL = 128;

    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(1, "SIGHUP"),
            Map.entry(2, "SIGINT"),
            Map.entry(3, "SIGQUIT"),
            Map.entry(4, "SIGILL"),
            Map.entry(6, "SIGABRT"),
            Map.entry(7, "SIGBUS"),
            Map.entry(8, "SIGFPE"),
            Map.entry(9, "SIGKILL"),
            Map.entry(11, "SIGSEGV"),
            Map.entry(13, "SIGPIPE"),
            Map.entry(15, "SIGTERM"));

    public boolean isSignal() {
        return NAMES.containsKey(code - SIGNAL);
    }

    /** For example {@code was killed by signal 9 (SIGKILL), exit status 137}. */
    @Override
    public String toString() {
        String name = NAMES.get(code - SIGNAL);
        if (name == null) {
            return "ended with exit status " + code;
        }
        return "was killed by signal " + (code - SIGNAL) + " (" + name + "), exit status " + code;
    }
}
