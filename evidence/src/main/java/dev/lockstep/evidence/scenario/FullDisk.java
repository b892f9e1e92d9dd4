package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.SmallDisk;
import dev.lockstep.evidence.process.Stage;
import java.util.Optional;

/**
 * Two checkpoints fit on the disk; the third one does not until one of them is removed, which happens only after it is
 * written.
 */
final class FullDisk {
    private static final int MEBIBYTES = 24;

    private FullDisk() {}

    static void play(Stage stage, Settings settings) throws Exception {
        Optional<SmallDisk> disk = stage.smallDisk("small", MEBIBYTES);
        if (disk.isEmpty()) {
            stage.report().skip("full disk", "mounting a small file system needs root");
            return;
        }
        SmallRuns runs = new SmallRuns(stage);
        staysFull(stage, runs, disk.get());
        getsSpace(stage, runs, disk.get());
    }

    private static void staysFull(Stage stage, SmallRuns runs, SmallDisk disk) {
        stage.check(
                "full disk",
                "a warning, trained to the end, the old checkpoints whole, exit code 6 as the last one is missing",
                claims -> {
                    RunFolder run = new RunFolder(disk.path().resolve("run"));
                    Running launcher = runs.launch(run, SmallRuns.on(2));
                    SmallRuns.exits(claims, launcher, 6);
                    claims.claim(
                            launcher.log()
                                    .says("warning: checkpoint of step 3 was not written: No space left on device; "
                                            + "training continues"),
                            "no warning");
                    claims.claim(run.metrics().says("\"step\":" + SmallRuns.LAST + ","), "training stopped");
                    claims.claim(
                            launcher.log().says("^error: the checkpoint of the last step could not be written"),
                            "no last word");
                    claims.claim(run.newest() == 2, "the newest checkpoint is of step " + run.newest());
                    claims.claim(run.unfinished().isEmpty(), "unfinished files");
                    RunFolder rescued = stage.copy(run, "rescued");
                    Stage.delete(run.path());
                    runs.resume(claims, rescued);
                });
    }

    private static void getsSpace(Stage stage, SmallRuns runs, SmallDisk disk) {
        stage.check(
                "full disk that gets space", "a warning, checkpoints continue, exit code 0, same weights", claims -> {
                    RunFolder run = new RunFolder(disk.path().resolve("freed"));
                    Running launcher = runs.launch(run, SmallRuns.on(2));
                    boolean warned =
                            Await.within(120_000, () -> launcher.log().says("was not written") || !launcher.isAlive());
                    claims.claim(warned && launcher.log().says("was not written"), "no warning");
                    disk.resize(64);
                    SmallRuns.exits(claims, launcher, 0);
                    claims.claim(runs.endsAsUntouched(run), "other weights");
                });
    }
}
