package dev.lockstep.report;

import java.util.ArrayDeque;
import java.util.Deque;

/** Markup whose texts and attributes are escaped as they are added: nothing else can get in. */
final class Html {
    private final StringBuilder out = new StringBuilder();
    private final Deque<String> open = new ArrayDeque<>();

    /**
     * Opens an element.
     *
     * @param attributes names and values in turn
     */
    Html open(String tag, Object... attributes) {
        out.append('<').append(tag);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            out.append(Page.escape(String.valueOf(attributes[i + 1]))).append('"');
        }
        out.append('>');
        open.push(tag);
        return this;
    }

    Html text(String text) {
        out.append(Page.escape(text));
        return this;
    }

    Html close() {
        out.append("</").append(open.pop()).append('>');
        return this;
    }

    /** A whole element. */
    Html element(String tag, String text, Object... attributes) {
        return open(tag, attributes).text(text).close();
    }

    Html line() {
        out.append('\n');
        return this;
    }

    @Override
    public String toString() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("not closed: " + open);
        }
        return out.toString();
    }
}
