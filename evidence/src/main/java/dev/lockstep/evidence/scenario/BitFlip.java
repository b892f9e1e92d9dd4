package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.FlipBit;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import java.util.List;

/** A bit flips in the memory of one process: the audit names the process and the tensor. */
final class BitFlip {
    private BitFlip() {}

    static void play(Stage stage, Settings settings) {
        stage.check(
                "a bit flipped in the memory of rank 2 of 4",
                "process and tensor named by all, exit code 4",
                claims -> {
                    RunFolder run = stage.run("bit-flip");
                    // The rate is so small that no weight changes, so the values of a checkpoint are still in memory
                    // steps later.
                    Running launcher = SmallRuns.withoutReference(stage)
                            .launch(
                                    run,
                                    "--procs",
                                    "4",
                                    "--lanes",
                                    "1",
                                    "--audit-every",
                                    "1",
                                    "--set",
                                    "learning-rate.reference=1e-30");
                    List<Member> ranks = launcher.ranks(4);
                    claims.claim(run.awaitStep(2), "no checkpoint");
                    launcher.signalGroup(Signal.STOP);
                    // fc.weight, because the values of convolutions are in another order in memory than in the file.
                    int copies = FlipBit.inMemory(ranks.get(2), run.checkpoint(run.newest()), "fc.weight");
                    launcher.signalGroup(Signal.CONT);
                    claims.claim(copies >= 1, "the tensor was not found");
                    SmallRuns.exits(claims, launcher, 4);
                    String line = "^error: processes disagree: rank = 2 has another parameter fc.weight than rank = 0, "
                            + "step = [0-9]+, check";
                    for (int rank = 0; rank < 4; rank++) {
                        claims.claim(run.rankLog(rank).says(line), "rank " + rank + " did not name it");
                    }
                    claims.claim(launcher.log().says(line), "the launcher does not say it");
                    claims.claim(
                            launcher.log().count("^error") == launcher.log().count("^error.*rank = 2 has another"),
                            "the launcher says something else");
                });
    }
}
