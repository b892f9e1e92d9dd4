package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import java.io.PrintStream;

/**
 * Filters this program's output so that no quoted text can move the cursor. Line ends and the carriage
 * return of progress pass, and so do bytes: they come from processes whose output has already been filtered.
 */
public final class PrintableStream extends PrintStream {
    private final PrintStream terminal;

    public PrintableStream(PrintStream terminal) {
        super(terminal, true);
        this.terminal = terminal;
    }

    @Override
    public void print(String text) {
        terminal.print(Printable.lines(String.valueOf(text)));
    }

    @Override
    public void print(Object value) {
        print(String.valueOf(value));
    }
}
