package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import dev.lockstep.launch.Terminal;
import java.io.PrintStream;
import java.util.function.Supplier;

/**
 * Filters this program's output so that no quoted text can move the cursor. Line ends and the carriage
 * return of progress pass, and so do bytes: they come from processes whose output has already been filtered.
 */
public final class PrintableStream extends PrintStream {
    /** Shorter lines fit. */
    private static final int NARROWEST = 40;

    private final PrintStream terminal;

    private final Supplier<Terminal> shape;

    public PrintableStream(PrintStream terminal) {
        this(terminal, () -> new Terminal(false, Integer.MAX_VALUE));
    }

    /** @param shape of the terminal, if there is one: its lines end between words */
    public PrintableStream(PrintStream terminal, Supplier<Terminal> shape) {
        super(terminal, true);
        this.terminal = terminal;
        this.shape = shape;
    }

    @Override
    public void println(String text) {
        String line = String.valueOf(text);
        // Documents for programs are not text.
        if (line.length() < NARROWEST || line.indexOf('\n') > 0 || line.startsWith("{") || line.startsWith("[")) {
            super.println(line);
            return;
        }
        Terminal known = shape.get();
        super.println(known.interactive() ? Wrapping.wrap(line, known.columns() - 1, "  ") : line);
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
