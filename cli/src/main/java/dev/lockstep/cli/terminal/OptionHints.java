package dev.lockstep.cli.terminal;

import java.util.List;

/**
 * Adds the options of the command line to messages of the library, which does not know them: {@code choose another output
 * folder} becomes {@code choose another output folder (--out)}.
 */
public final class OptionHints {
    private record Hint(String phrase, String option) {}

    private static final List<Hint> HINTS = List.of(
            new Hint("skip bad images", "--skip-bad-images"),
            new Hint("output folder", "--out"),
            new Hint("data folder", "--data"),
            new Hint("start anew", "--resume never"),
            new Hint("resume from an earlier checkpoint", "--resume FILE"),
            new Hint("give their weights file", "--weights"),
            new Hint("training from a weights file", "--weights"),
            new Hint("train a new head", "--new-head"),
            new Hint("the seed's initial weights", "--set model.weights=none"),
            new Hint("more loader threads", "--loader-threads"),
            new Hint("at least one lane", "--lanes"),
            new Hint("strict mode", "--strict"));

    private OptionHints() {}

    /** Adds each option after the last occurrence of its phrase, since a message ends with the fix. */
    public static String addTo(String message) {
        String result = message;
        for (Hint hint : HINTS) {
            int at = result.lastIndexOf(hint.phrase);
            int end = at + hint.phrase.length();
            if (at >= 0 && !result.startsWith(" (--", end)) {
                result = result.substring(0, end) + " (" + hint.option + ")" + result.substring(end);
            }
        }
        return result;
    }
}
