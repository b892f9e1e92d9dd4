package dev.lockstep.text;

import java.util.List;
import java.util.stream.Collectors;

/** Words of a shell command, as a person would paste them. */
public final class ShellWords {
    private ShellWords() {}

    /** Quotes a word where the shell would otherwise change it. */
    public static String quoted(String word) {
        return word.matches("[A-Za-z0-9._=/:,+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /** Quoted words, separated by spaces. */
    public static String join(List<String> words) {
        return words.stream().map(ShellWords::quoted).collect(Collectors.joining(" "));
    }
}
