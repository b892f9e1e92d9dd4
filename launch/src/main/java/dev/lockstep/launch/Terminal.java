package dev.lockstep.launch;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Whether progress may move the cursor. {@code LOCKSTEP_TERMINAL} decides: the launcher sets it from standard error, and
 * its child processes, whose standard error is a pipe to it, inherit it.
 */
public record Terminal(boolean interactive, int columns) {
    static final String VARIABLE = "LOCKSTEP_TERMINAL";
    private static final String OUTPUT = "LOCKSTEP_OUTPUT";
    private static final int USUAL_COLUMNS = 100;

    public static Terminal fromEnvironment() {
        return measured(from(System.getenv(), System.console() != null));
    }

    /** That of standard output: the launcher says in {@code LOCKSTEP_OUTPUT} whether there is one. */
    public static Terminal ofOutput() {
        boolean terminal = System.getenv().getOrDefault(OUTPUT, "").equals("1");
        return measured(new Terminal(terminal, columns(System.getenv().getOrDefault("COLUMNS", ""))));
    }

    private static Terminal measured(Terminal terminal) {
        return terminal.interactive && System.getenv("COLUMNS") == null
                ? new Terminal(true, columns(askedOfStty()))
                : terminal;
    }

    public static Terminal from(Map<String, String> environment, boolean console) {
        String forced = environment.getOrDefault(VARIABLE, "");
        boolean dumb = environment.getOrDefault("TERM", "").equals("dumb");
        boolean interactive = forced.isEmpty() ? console && !dumb : forced.equals("1");
        return new Terminal(interactive, columns(environment.getOrDefault("COLUMNS", "")));
    }

    /** Shells do not export COLUMNS. Empty if there is no answer. */
    private static String askedOfStty() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!stty.waitFor(1, TimeUnit.SECONDS)) {
                stty.destroyForcibly();
                return "";
            }
            String answer = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            return answer.substring(answer.indexOf(' ') + 1);
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private static int columns(String text) {
        return text.matches("[1-9][0-9]{1,3}") ? Integer.parseInt(text) : USUAL_COLUMNS;
    }
}
