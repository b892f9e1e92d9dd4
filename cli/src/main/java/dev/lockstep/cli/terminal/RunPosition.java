package dev.lockstep.cli.terminal;

import dev.lockstep.metrics.MetricsFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The position of a run in another process, from the end of its metrics. */
public final class RunPosition {
    private static final int TAIL_BYTES = 4096;
    private static final Pattern LINE = Pattern.compile("\"type\":\"(step|epoch)\".*?\"epoch\":([0-9]{1,9})(?![0-9])");

    private RunPosition() {}

    /** Whole epochs done; 0 if unknown. */
    public static int epochsDone(Path runFolder) {
        String tail = tail(runFolder.resolve(MetricsFile.NAME));
        int done = 0;
        // Steps and epochs have their keys in different orders.
        Matcher line = LINE.matcher(tail);
        while (line.find()) {
            done = Integer.parseInt(line.group(2)) + (line.group(1).equals("epoch") ? 1 : 0);
        }
        return done;
    }

    private static String tail(Path file) {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            long start = Math.max(0, in.length() - TAIL_BYTES);
            in.seek(start);
            byte[] bytes = new byte[(int) (in.length() - start)];
            in.readFully(bytes);
            return new String(bytes, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return "";
        }
    }
}
