package dev.lockstep.evidence.record;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The facts about a machine that the reader of a figure needs, and nothing that identifies it.
 *
 * @param cores processors that the JVM may use
 * @param memoryGib of the whole machine
 * @param load processes that were running or waiting on average in the minute before, or a description
 */
@JsonPropertyOrder({"processor", "avx512", "cores", "memoryGib", "java", "load"})
public record MachineFacts(String processor, boolean avx512, int cores, int memoryGib, String java, String load) {
    public static MachineFacts here() {
        String processor = read("/proc/cpuinfo");
        return new MachineFacts(
                find("model name\\s*:\\s*(.*)", processor),
                processor.contains("avx512f"),
                Runtime.getRuntime().availableProcessors(),
                (int) Math.round(Long.parseLong(find("MemTotal:\\s*(\\d+) kB", read("/proc/meminfo"))) / 1048576.0),
                Runtime.version().toString(),
                String.format(
                        Locale.ROOT,
                        "%.1f",
                        Double.parseDouble(read("/proc/loadavg").split(" ", -1)[0])));
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String find(String regex, String text) {
        Matcher matcher = Pattern.compile(regex).matcher(text);
        return matcher.find() ? matcher.group(1).strip() : "0";
    }

    /** For a sentence. */
    String words() {
        String state = Character.isDigit(load.charAt(0)) ? "load " + load : load;
        return "%d cores of %s%s, %s".formatted(cores, processor, avx512 ? " with AVX-512" : "", state);
    }
}
