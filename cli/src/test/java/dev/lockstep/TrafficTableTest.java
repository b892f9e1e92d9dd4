package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.topology.Topology;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The table of what each number of processes sends, in docs/results/collectives.md: run with {@code
 * -Dlockstep.update=true} to write it after a change.
 */
class TrafficTableTest {
    private static final int WORKERS = 256;
    private static final int MOST_PROCESSES = 64;
    private static final int ROWS = 16;
    private static final Path DOCUMENT =
            Path.of("..", "docs", "results", "collectives.md").toAbsolutePath().normalize();
    private static final Pattern TABLE = Pattern.compile("(?s)(<!-- traffic -->\n).*?(<!-- end -->)");

    @Test
    void document_hasTheTable() throws IOException {
        String text = Files.readString(DOCUMENT);
        String current = TABLE.matcher(text).replaceFirst("$1" + Matcher.quoteReplacement(table()) + "$2");
        if (Boolean.getBoolean("lockstep.update")) {
            Files.writeString(DOCUMENT, current);
        }
        assertThat(Files.readString(DOCUMENT)).contains("<!-- traffic -->").isEqualTo(current);
    }

    private static String table() {
        StringBuilder table = new StringBuilder();
        int groups = MOST_PROCESSES / ROWS;
        table.append("| P | workers | sums | sent ".repeat(groups)).append("|\n");
        table.append("| --- | --- | --- | --- ".repeat(groups)).append("|\n");
        for (int row = 1; row <= ROWS; row++) {
            for (int group = 0; group < groups; group++) {
                table.append(cells(row + group * ROWS));
            }
            table.append("|\n");
        }
        return table.toString();
    }

    private static String cells(int processes) {
        Topology topology = Topology.equal(WORKERS, processes);
        double sums = (double) topology.arrivals().size() / processes;
        return String.format(
                Locale.ROOT, "| %d | %d | %.1f | %.2f ", processes, topology.mostWorkers(), sums, topology.traffic());
    }
}
