package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Kills runs with SIGKILL at random moments and resumes each on different random numbers of processes and lanes: the final
 * weights are those of an undisturbed run. A kill counts if the run had made steps since its start.
 */
final class Soak {
    private static final String STEPS = "40";

    private final Stage stage;
    private final List<Integer> choices;
    private final List<String> options;
    private final Random random;
    private final int wanted;
    private int counted;

    private Soak(Stage stage, Settings settings) {
        this.stage = stage;
        choices = settings.procs().isEmpty() ? List.of(1, 2, 3, 4, 5, 8) : settings.procs();
        options = settings.options();
        random = new Random(settings.seed());
        wanted = settings.kills();
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Soak soak = new Soak(stage, settings);
        RunFolder untouched = stage.run("untouched");
        stage.require(
                stage.train("fashion-mnist.yaml", untouched, "--stop-after", STEPS)
                        .with(settings.options()),
                "untouched.log");
        for (int round = 1; soak.counted < soak.wanted; round++) {
            RunFolder run = stage.run("soak-" + round);
            stage.check(
                    "run " + round,
                    "every life continued from the newest checkpoint, all tensors of the untouched run",
                    claims -> soak.round(claims, run, untouched));
        }
    }

    /** One run, killed again and again until it ends. */
    private void round(Case claims, RunFolder run, RunFolder untouched) throws IOException, InterruptedException {
        int before = counted;
        int early = 0;
        List<String> lives = new ArrayList<>();
        int procs = 0;
        while (true) {
            procs = otherThan(procs);
            lives.add(Integer.toString(procs));
            int began = run.newest();
            Running life = start(run, procs);
            // Between 2 and 12 seconds: before the first step, in the middle of one, while a checkpoint is written.
            boolean over = Await.within(100L * (20 + random.nextInt(100)), () -> !life.isAlive());
            if (over || counted == wanted) {
                claims.claim(life.exitCode() == 0, "ended with exit code " + life.exitCode());
                break;
            }
            life.signalGroup(Signal.KILL);
            life.exitCode();
            if (run.newest() > began) {
                counted++;
                stage.report().note("kill " + counted + ": P = " + procs + ", steps " + began + " to " + run.newest());
            } else {
                early++;
            }
        }
        claims.figure("kills that count", counted - before);
        claims.figure("kills before a first step", early);
        claims.figure("P of its lives", String.join(", ", lives));
        claims.figure("weights", run.weights());
        claims.claim(run.superseded() == 0, "a life did not continue from the newest checkpoint");
        claims.claim(run.sameAs(untouched), "other tensors");
    }

    private int otherThan(int procs) {
        while (true) {
            int choice = choices.get(random.nextInt(choices.size()));
            if (choice != procs || choices.size() == 1) {
                return choice;
            }
        }
    }

    private Running start(RunFolder run, int procs) throws IOException {
        return stage.start(
                stage.train(
                                "fashion-mnist.yaml",
                                run,
                                "--stop-after",
                                STEPS,
                                "--checkpoint-every",
                                "1",
                                "--procs",
                                Integer.toString(procs),
                                "--lanes",
                                Integer.toString(1 + random.nextInt(2)),
                                "--loader-threads",
                                Integer.toString(1 + random.nextInt(4)))
                        .with(options),
                run.path().getFileName() + ".log");
    }
}
