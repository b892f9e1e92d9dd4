package dev.lockstep.cli.doctor;

import java.util.Locale;

/** Formats numbers for people. */
final class Units {
    static final long MIB = 1L << 20;
    static final long GIB = 1L << 30;

    private Units() {}

    static String bytes(long bytes) {
        return bytes >= GIB
                ? String.format(Locale.ROOT, "%.1f GiB", (double) bytes / GIB)
                : String.format(Locale.ROOT, "%d MiB", bytes / MIB);
    }

    static String count(int number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }
}
