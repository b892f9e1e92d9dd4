package dev.lockstep.evidence.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** A terminal of a given width with a shell, kept by tmux: what a user sees in it. */
public final class Screen implements AutoCloseable {
    private static final String PROMPT = "$ ";
    private static final String ROWS = "200";
    private static final int POLL_MILLIS = 20;

    private final int columns;
    private final String socket;

    /** @param path where the shell finds commands */
    public Screen(Path folder, int columns, String path) throws IOException, InterruptedException {
        this.columns = columns;
        this.socket = folder.resolve("tmux").toString();
        String shell = "env -C " + folder + " PS1='" + PROMPT + "' PATH=" + path + " bash --norc --noprofile";
        String width = Integer.toString(columns);
        tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", ROWS, shell);
        await("^[$]", 10_000);
    }

    private List<String> tmux(String... command) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("tmux", "-S", socket));
        words.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", words) + ": " + output.strip());
        }
        return output.lines().map(String::stripTrailing).toList();
    }

    /** Types a line on a screen that is empty but for it, and presses Enter. */
    public void type(String line) throws IOException, InterruptedException {
        tmux("send-keys", "-R", "C-l");
        tmux("clear-history");
        tmux("send-keys", "-l", line);
        press("Enter");
    }

    /** Presses a key, by tmux's name for it. */
    public void press(String key) throws IOException, InterruptedException {
        tmux("send-keys", key);
    }

    /** The lines that are not empty. */
    public List<String> lines() throws IOException, InterruptedException {
        return tmux("capture-pane", "-p").stream()
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** What programs have written, in which a line may be longer than the screen. */
    private List<String> written() throws IOException, InterruptedException {
        return tmux("capture-pane", "-p", "-J");
    }

    /** Waits until a line that a program has written has a match; returns whether it came. */
    public boolean await(String pattern, long millis) throws IOException, InterruptedException {
        Pattern wanted = Pattern.compile(pattern);
        long begun = System.nanoTime();
        while (written().stream().noneMatch(line -> wanted.matcher(line).find())) {
            if (Await.millisSince(begun) > millis) {
                return false;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return true;
    }

    /** Waits until the shell asks for the next command. */
    public boolean awaitPrompt(long millis) throws IOException, InterruptedException {
        return await("^[$]$", millis);
    }

    /**
     * The lines that the terminal has wrapped, and within a word, although they have no word that is wider than it. Commands to be pasted
     * are whole.
     */
    public List<String> broken() throws IOException, InterruptedException {
        return written().stream()
                .filter(line -> line.length() > columns && !line.startsWith(PROMPT) && !line.startsWith("  lockstep "))
                .filter(line ->
                        Pattern.compile("\\s").splitAsStream(line).noneMatch(word -> word.length() > columns - 4))
                .toList();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        tmux("kill-server");
    }
}
