package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Phase;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;

/** A case of each kind, for every build. */
final class Quick {
    private static final int STEPS = 10;
    private static final int SHORT_EVALUATION = 64;

    private Quick() {}

    static void play(Stage stage, Settings settings) throws Exception {
        new Bitwise(stage, STEPS).grid("k = 8", "1:2:1 2:1:1 4:1:1");
        SmallRuns runs = new SmallRuns(stage, SHORT_EVALUATION);
        new Phases(stage, runs).fault(Signal.KILL, 1, Phase.STEP, 2);
        new Hosted(stage, runs, null).fault(Signal.STOP, 0, 2);
        new DamagedCheckpoints(stage, runs).middle();
    }
}
