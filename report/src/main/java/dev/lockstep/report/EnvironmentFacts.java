package dev.lockstep.report;

import dev.lockstep.metrics.Environment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The facts about a run's environment, as names and values. */
final class EnvironmentFacts {
    private EnvironmentFacts() {}

    /**
     * @param name the name of an additional fact
     * @param value its value
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
