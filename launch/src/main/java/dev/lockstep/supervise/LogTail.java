package dev.lockstep.supervise;

import dev.lockstep.errors.Printable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The end of a log, prepared for one line of text: no escape sequences, no overwritten progress, no endless lines. */
public final class LogTail {
    private static final int LINES = 3;
    private static final int LINE_CHARACTERS = 240;
    private static final int BYTES = 16 * 1024;

    private LogTail() {}

    /** The last line of a log that reports an error, else its last line; empty if there is none. Never throws. */
    public static String lastError(Path log) {
        List<String> lines = Stream.of(end(log, 0).split("[\r\n]+"))
                .map(LogTail::plain)
                .filter(line -> !line.isEmpty())
                .toList();
        return lines.stream()
                .filter(line -> line.startsWith("error: "))
                .reduce((first, second) -> second)
                .or(() -> lines.stream().reduce((first, second) -> second))
                .orElse("");
    }

    /** Removes terminal colors and cursor movements. */
    private static String plain(String line) {
        return line.replaceAll("\u001b\\[[0-9;?]*[ -/]*[@-~]", "")
                .replaceAll("\\p{Cntrl}", " ")
                .strip();
    }

    /** The last non-blank lines, oldest first, ignoring all bytes before {@code from}. Never throws. */
    public static List<String> of(Path log, long from) {
        return lastLines(end(log, from));
    }

    private static String end(Path log, long from) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long start = Math.max(from, file.length() - BYTES);
            byte[] bytes = new byte[(int) Math.max(0, file.length() - start)];
            file.seek(start);
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    static List<String> lastLines(String text) {
        List<String> lines = new ArrayList<>();
        for (String line : text.split("[\r\n]+")) {
            String plain = plain(line);
            if (!plain.isEmpty()) {
                lines.add(Printable.of(plain, LINE_CHARACTERS));
            }
        }
        return lines.subList(Math.max(0, lines.size() - LINES), lines.size());
    }
}
