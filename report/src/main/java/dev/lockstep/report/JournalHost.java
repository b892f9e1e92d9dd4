package dev.lockstep.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This machine's name, as a run's journal has it. */
final class JournalHost {
    static final String NAME = read();

    private JournalHost() {}

    private static String read() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
