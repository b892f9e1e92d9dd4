package dev.lockstep.evidence.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** A text file that processes write to. */
public record Log(Path path) {
    private static final int TAIL_BYTES = 4096;

    public List<String> lines() {
        try {
            return new String(Files.readAllBytes(path), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Whether a line has a part that matches a regular expression. */
    public boolean says(String regex) {
        return count(regex) > 0;
    }

    /** How many lines have a part that matches. */
    public int count(String regex) {
        Pattern pattern = Pattern.compile(regex);
        return (int)
                lines().stream().filter(line -> pattern.matcher(line).find()).count();
    }

    /** Its last whole line, read without the rest; empty if there is none within the last few kilobytes. */
    public String tail() {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            byte[] end = new byte[(int) Math.min(file.length(), TAIL_BYTES)];
            file.seek(file.length() - end.length);
            file.readFully(end);
            String[] lines = new String(end, StandardCharsets.UTF_8).split("\n", -1);
            return lines.length < 2 ? "" : lines[lines.length - 2];
        } catch (IOException e) {
            return "";
        }
    }

    public String lastLine() {
        List<String> lines = lines();
        return lines.isEmpty() ? "no output" : lines.get(lines.size() - 1);
    }
}
