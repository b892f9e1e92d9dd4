package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import java.io.PrintStream;

/**
 * What stands between this program's words and the terminal: whatever a text quotes, it moves no cursor. Lines and the carriage
 * return of progress pass, and so do bytes: they come from processes whose words have been through such a stream.
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
