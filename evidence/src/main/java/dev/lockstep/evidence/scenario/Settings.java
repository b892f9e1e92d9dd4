package dev.lockstep.evidence.scenario;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Options of some scenarios. {@code options} are for {@code train}, or names of stores. */
public record Settings(
        List<Integer> procs,
        int kills,
        long seed,
        int epochs,
        int leak,
        @Nullable String python,
        List<String> options) {}
