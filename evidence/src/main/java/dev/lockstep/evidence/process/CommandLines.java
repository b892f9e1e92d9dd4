package dev.lockstep.evidence.process;

import java.nio.file.Path;

/** The command lines of running processes. */
final class CommandLines {
    private CommandLines() {}

    /** Whether a process runs, and has these words, separated by spaces, in its command line. */
    static boolean has(ProcessHandle process, String words) {
        // All of it: the handle has only the first 4 KiB.
        return new Log(Path.of("/proc", Long.toString(process.pid()), "cmdline"))
                .lines().stream().anyMatch(line -> line.replace('\0', ' ').contains(words));
    }
}
