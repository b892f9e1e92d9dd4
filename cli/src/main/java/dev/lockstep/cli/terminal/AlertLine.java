package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import dev.lockstep.launch.Terminal;
import dev.lockstep.metrics.Alert;

/** An alert on standard error, above the progress bar if there is one. */
public final class AlertLine {
    private static final int LONGEST = 1000;

    private AlertLine() {}

    public static void print(Alert alert) {
        Terminal terminal = Terminal.fromEnvironment();
        String line = text(alert);
        String padding = terminal.interactive() ? " ".repeat(Math.max(0, terminal.columns() - 1 - line.length())) : "";
        synchronized (System.err) {
            System.err.print((terminal.interactive() ? "\r" : "") + line + padding + "\n");
            System.err.flush();
        }
    }

    static String text(Alert alert) {
        return "alert: " + alert.kind().title() + ": " + Printable.of(alert.text(), LONGEST);
    }
}
