package dev.lockstep.supervise;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The end of a log, fit for one line of text: no escape sequences, no overwritten progress, no endless lines. */
public final class LogTail {
    private static final int LINES = 3;
    private static final int LINE_CHARACTERS = 240;
    private static final int BYTES = 16 * 1024;

    private LogTail() {}

    /** The last lines that are not blank, oldest first, looking at no byte before {@code from}. Never throws. */
    public static List<String> of(Path log, long from) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long start = Math.max(from, file.length() - BYTES);
            byte[] bytes = new byte[(int) Math.max(0, file.length() - start)];
            file.seek(start);
            file.readFully(bytes);
            return lastLines(new String(bytes, StandardCharsets.UTF_8));
        } catch (IOException e) {
            return List.of();
        }
    }

    static List<String> lastLines(String text) {
        List<String> lines = new ArrayList<>();
        for (String line : text.split("[\r\n]+")) {
            String plain = line.replaceAll("\u001b\\[[0-9;?]*[ -/]*[@-~]", "")
                    .replaceAll("\\p{Cntrl}", " ")
                    .strip();
            if (!plain.isEmpty()) {
                lines.add(plain.length() <= LINE_CHARACTERS ? plain : plain.substring(0, LINE_CHARACTERS) + "…");
            }
        }
        return lines.subList(Math.max(0, lines.size() - LINES), lines.size());
    }
}
