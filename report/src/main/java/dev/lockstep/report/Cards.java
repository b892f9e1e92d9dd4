package dev.lockstep.report;

import dev.lockstep.errors.Printable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What NVIDIA's {@code nvidia-smi} says about the cards of this machine; asked every few seconds at most. */
final class Cards {
    private static final String PROGRAM = "nvidia-smi";
    private static final long MOST_SECONDS = 3;
    private static final long AGE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int LONGEST = 200;
    private static final Cards HERE = new Cards(System.getenv().getOrDefault("PATH", ""));

    private final Optional<Path> program;
    private List<String> lines = List.of();
    private @Nullable Long asked;

    /** @param path folders of programs, separated by colons */
    Cards(String path) {
        program = List.of(path.split(":", -1)).stream()
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> Path.of(folder, PROGRAM))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static Cards here() {
        return HERE;
    }

    /** A line per card. */
    synchronized List<String> describe() {
        if (program.isEmpty()) {
            return List.of("none (" + PROGRAM + " is not installed)");
        }
        Long before = asked;
        if (before == null || System.nanoTime() - before > AGE_NANOS) {
            lines = ask(program.get());
            asked = System.nanoTime();
        }
        return lines;
    }

    private static List<String> ask(Path program) {
        try {
            Process process = new ProcessBuilder(
                            program.toString(),
                            "--query-gpu=name,utilization.gpu,memory.used,memory.total",
                            "--format=csv,noheader,nounits")
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            // A driver that hangs must not hang the page; what a few cards print fits into the pipe.
            if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return List.of(PROGRAM + " does not answer");
            }
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            List<String> cards = new ArrayList<>();
            text.lines().filter(line -> !line.isBlank()).forEach(line -> cards.add(card(line)));
            return cards.isEmpty() ? List.of("none") : cards;
        } catch (IOException e) {
            return List.of("unknown: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of("unknown");
        }
    }

    private static String card(String line) {
        String[] parts = line.split(" *, *");
        if (parts.length != 4) {
            return Printable.of(line, LONGEST);
        }
        return String.format(
                Locale.ROOT,
                "%s, %s %% busy, %s of %s MiB in use",
                Printable.of(parts[0], LONGEST),
                Printable.of(parts[1].strip(), LONGEST),
                Printable.of(parts[2], LONGEST),
                Printable.of(parts[3].strip(), LONGEST));
    }
}
