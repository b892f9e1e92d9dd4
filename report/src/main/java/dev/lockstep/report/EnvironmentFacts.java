package dev.lockstep.report;

import dev.lockstep.metrics.Environment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A machine as names with values. */
final class EnvironmentFacts {
    private EnvironmentFacts() {}

    /**
     * @param name of one more fact
     */
    static Map<String, String> of(Optional<Environment> environment, String name, String value) {
        Map<String, String> facts = new LinkedHashMap<>();
        environment.ifPresent(e -> {
            facts.put("date", e.date());
            facts.put("Lockstep", e.lockstep() + " with libtorch " + e.libtorch());
            facts.put("processor", e.processor() + ", " + e.cores() + " cores, " + e.memoryGib() + " GiB");
            facts.put("system", e.system());
            facts.put("Java", e.java());
        });
        facts.put(name, value);
        return facts;
    }
}
