package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Damage;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Checkpoints are truncated, or have a flipped bit. */
final class DamagedCheckpoints {
    private static final String EXPECTED = "reported, the one before used, same weights";

    private final Stage stage;
    private final SmallRuns runs;
    private final Path newest;
    private final long bytes;

    DamagedCheckpoints(Stage stage, SmallRuns runs) throws IOException {
        this.stage = stage;
        this.runs = runs;
        newest = runs.untouched().checkpoint(SmallRuns.LAST);
        bytes = Files.size(newest);
    }

    static void play(Stage stage, Settings settings) throws Exception {
        DamagedCheckpoints damage = new DamagedCheckpoints(stage, new SmallRuns(stage));
        for (int part = 0; part < 16; part++) {
            long length = damage.bytes * part / 16;
            damage.newestOnly("cut at " + part + "/16", file -> Damage.truncate(file, length));
        }
        for (long at : List.of(3L, 200L, damage.bytes / 2, damage.bytes - 1)) {
            damage.newestOnly("with a flipped bit in byte " + at, file -> Damage.flipBit(file, at));
        }
        damage.all();
    }

    interface Harm {
        void to(Path file) throws IOException;
    }

    /** In the middle of the newest checkpoint. */
    void middle() {
        newestOnly("with a flipped bit in its middle", file -> Damage.flipBit(file, bytes / 2));
    }

    private void newestOnly(String how, Harm harm) {
        stage.check("newest checkpoint " + how, EXPECTED, claims -> {
            RunFolder run = stage.copy(runs.untouched(), "damaged");
            Path file = run.path().resolve("checkpoints").resolve(newest.getFileName());
            harm.to(file);
            Files.deleteIfExists(stage.path("damaged.resumed.log"));
            Running resumed = runs.resume(claims, run);
            claims.claim(resumed.log().says("skipping a checkpoint: .*file = " + file), "not reported");
            claims.claim(run.superseded() == 1, "another than the one before used");
        });
    }

    private void all() {
        stage.check("every checkpoint damaged", "refused in one line, exit code 6", claims -> {
            RunFolder run = stage.copy(runs.untouched(), "all-damaged");
            for (Path file : run.checkpoints()) {
                Damage.truncate(file, 1000);
            }
            Running refused = runs.launch(run);
            SmallRuns.exits(claims, refused, 6);
            claims.claim(refused.log().says("^error: no good checkpoint is left: .*--resume never"), "not said");
            claims.claim(refused.log().count("^error") == 1, "more than one line");
        });
    }
}
