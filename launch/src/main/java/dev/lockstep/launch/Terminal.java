package dev.lockstep.launch;

import java.util.Map;

/**
 * Whether progress may move the cursor. {@code LOCKSTEP_TERMINAL} decides: the launcher sets it from standard error, and
 * its child processes, whose standard error is a pipe to it, inherit it.
 */
public record Terminal(boolean interactive, int columns) {
    static final String VARIABLE = "LOCKSTEP_TERMINAL";
    private static final int USUAL_COLUMNS = 100;

    public static Terminal fromEnvironment() {
        return from(System.getenv(), System.console() != null);
    }

    public static Terminal from(Map<String, String> environment, boolean console) {
        String forced = environment.getOrDefault(VARIABLE, "");
        boolean dumb = environment.getOrDefault("TERM", "").equals("dumb");
        boolean interactive = forced.isEmpty() ? console && !dumb : forced.equals("1");
        return new Terminal(interactive, columns(environment.getOrDefault("COLUMNS", "")));
    }

    private static int columns(String text) {
        return text.matches("[1-9][0-9]{1,3}") ? Integer.parseInt(text) : USUAL_COLUMNS;
    }
}
