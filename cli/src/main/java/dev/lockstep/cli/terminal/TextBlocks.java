package dev.lockstep.cli.terminal;

/** Text in blocks: a heading in the left column, lines in the right one. */
public final class TextBlocks {
    private static final int HEADING = 15;
    private static final int WIDTH = 100;

    private final StringBuilder out = new StringBuilder();

    public void line(String text) {
        out.append(text).append('\n');
    }

    public void block(String heading, String... lines) {
        String label = heading;
        for (String line : lines) {
            out.append(label)
                    .append(" ".repeat(Math.max(1, HEADING - label.length())))
                    .append(line)
                    .append('\n');
            label = "";
        }
    }

    /** Appends text, wrapping long lines with an indent. */
    public void wrapped(String text, String indent) {
        String rest = text;
        while (rest.length() > WIDTH) {
            int cut = rest.lastIndexOf(' ', WIDTH);
            if (cut <= indent.length()) {
                break;
            }
            line(rest.substring(0, cut));
            rest = indent + rest.substring(cut + 1);
        }
        line(rest);
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
