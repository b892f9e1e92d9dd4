package dev.lockstep.evidence.scenario;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What some scenarios let their caller choose. {@code options} are for {@code train}. */
public record Settings(
        List<Integer> procs,
        int kills,
        long seed,
        int epochs,
        int leak,
        @Nullable String python,
        List<String> options) {}
