package dev.lockstep.cli.terminal;

/** Text in lines that fit a terminal. A terminal by itself would break them inside words. */
public final class Wrapping {
    private Wrapping() {}

    /**
     * @param columns most characters of a line; only a longer word makes a longer line
     * @param indent of the lines that are added
     */
    public static String wrap(String text, int columns, String indent) {
        StringBuilder out = new StringBuilder();
        String rest = text;
        while (rest.length() > columns) {
            int start = rest.length() - rest.stripLeading().length();
            int cut = rest.lastIndexOf(' ', columns);
            if (cut <= start) {
                cut = rest.indexOf(' ', Math.max(start, columns));
            }
            if (cut < 0) {
                break;
            }
            out.append(rest.substring(0, cut).stripTrailing()).append('\n');
            rest = indent + rest.substring(cut).stripLeading();
        }
        return out.append(rest.stripTrailing()).toString();
    }
}
