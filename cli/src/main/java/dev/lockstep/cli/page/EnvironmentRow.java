package dev.lockstep.cli.page;

import dev.lockstep.report.Environment;
import java.util.List;
import java.util.Optional;

/** A machine as a line of a table. */
final class EnvironmentRow {
    private EnvironmentRow() {}

    static List<String> header(String first, String shape) {
        return List.of(first, "date", "processor", "cores", "memory", shape, "system", "Java");
    }

    static List<String> of(String name, Optional<Environment> environment, String shape) {
        return environment
                .map(e -> List.of(
                        name,
                        e.date(),
                        e.processor(),
                        Integer.toString(e.cores()),
                        e.memoryGib() + " GiB",
                        shape,
                        e.system(),
                        e.java()))
                .orElseGet(() -> List.of(
                        name,
                        Numbers.NONE,
                        Numbers.NONE,
                        Numbers.NONE,
                        Numbers.NONE,
                        shape,
                        Numbers.NONE,
                        Numbers.NONE));
    }
}
