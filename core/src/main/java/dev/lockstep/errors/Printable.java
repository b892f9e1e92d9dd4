package dev.lockstep.errors;

/**
 * Makes untrusted text (names of files, tensors and keys, output of other processes) safe to print. Characters that
 * would move the cursor, start a new line or change the reading direction are shown as escapes, and long text is
 * shortened in the middle.
 */
public final class Printable {
    /** The default limit for a name, a value or a sentence, in characters. */
    static final int MOST = 500;

    private static final String CUT = " … ";

    private Printable() {}

    /** Returns one line of at most 500 characters. */
    public static String of(String text) {
        return of(text, MOST);
    }

    /** Returns one line of at most {@code most} characters. Of longer text it keeps the start and the end. */
    public static String of(String text, int most) {
        return cut(escaped(cut(text, most), ""), most);
    }

    /** Escapes text of any length, keeping line breaks and tabs. */
    public static String lines(String text) {
        return escaped(text, "\n\r\t");
    }

    /** From U+007F on, uses JSON's escape form even where JSON would leave the character as it is. */
    private static String escaped(String text, String kept) {
        int first = firstSpecial(text, kept);
        if (first == text.length()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, first);
        for (int i = first; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isSpecial(text, i) || kept.indexOf(c) >= 0) {
                out.append(c);
            } else {
                out.append(String.format(c < ' ' ? "\\x%02x" : "\\u%04x", (int) c));
            }
        }
        return out.toString();
    }

    private static int firstSpecial(String text, String kept) {
        for (int i = 0; i < text.length(); i++) {
            if (isSpecial(text, i) && kept.indexOf(text.charAt(i)) < 0) {
                return i;
            }
        }
        return text.length();
    }

    private static boolean isSpecial(String text, int at) {
        char c = text.charAt(at);
        if (c < 0x7f) {
            return c < ' ';
        }
        return c <= 0x9f || isMark(c) || Character.isSurrogate(c) && !isPaired(text, at);
    }

    /** Directional marks and overrides, line and paragraph separators, and the byte order mark. */
    private static boolean isMark(char c) {
        return c == 0x61c
                || c == 0x200e
                || c == 0x200f
                || c >= 0x2028 && c <= 0x202e
                || c >= 0x2066 && c <= 0x2069
                || c == 0xfeff;
    }

    private static boolean isPaired(String text, int at) {
        return Character.isHighSurrogate(text.charAt(at))
                ? at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1))
                : at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
    }

    private static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int kept = most - CUT.length();
        int head = kept - kept / 3;
        int tail = text.length() - kept / 3;
        return text.substring(0, Character.isHighSurrogate(text.charAt(head - 1)) ? head - 1 : head)
                + CUT
                + text.substring(Character.isLowSurrogate(text.charAt(tail)) ? tail + 1 : tail);
    }
}
