package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Stage;

/** A scenario with the sentence that --list shows. */
public record Scenario(String name, String about, boolean isFault, Play play) {
    /** What a scenario does. */
    public interface Play {
        void run(Stage stage, Settings settings) throws Exception;
    }
}
