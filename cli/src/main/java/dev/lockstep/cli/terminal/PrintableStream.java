package dev.lockstep.cli.terminal;

import dev.lockstep.errors.Printable;
import dev.lockstep.launch.Terminal;
import java.io.PrintStream;
import java.util.Locale;
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
        print(text + "\n");
        flush();
    }

    @Override
    public PrintStream format(String format, Object... values) {
        return format(Locale.getDefault(Locale.Category.FORMAT), format, values);
    }

    @Override
    public PrintStream format(Locale locale, String format, Object... values) {
        print(String.format(locale, format, values));
        return this;
    }

    /** For programs. */
    private static boolean isDocument(String text) {
        return text.startsWith("{") || text.startsWith("[");
    }

    private String fitting(String lines) {
        if (lines.length() < NARROWEST) {
            return lines;
        }
        Terminal known = shape.get();
        return known.interactive() ? Wrapping.lines(lines, known.columns() - 1) : lines;
    }

    @Override
    public void print(String text) {
        String safe = Printable.lines(String.valueOf(text));
        boolean whole = safe.endsWith("\n") && safe.indexOf('\r') < 0 && !isDocument(safe);
        terminal.print(whole ? fitting(safe) : safe);
    }

    @Override
    public void print(Object value) {
        print(String.valueOf(value));
    }
}
