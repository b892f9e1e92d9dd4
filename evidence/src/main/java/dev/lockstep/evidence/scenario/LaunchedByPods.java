package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Kubeflow Trainer's variables, as its pods have them; there is no Kubernetes here. */
final class LaunchedByPods {
    private static final int PROCESSES = 2;

    private final Stage stage;
    private final Launchers launchers;

    LaunchedByPods(Stage stage, Launchers launchers) {
        this.stage = stage;
        this.launchers = launchers;
    }

    void play() {
        stage.check(
                "TrainJob variables: undisturbed, two pods, numProcPerNode = " + PROCESSES,
                "one group, same weights",
                claims -> {
                    RunFolder run = stage.run("pods");
                    for (Running pod : pods(run, launchers.train(run))) {
                        SmallRuns.exits(claims, pod, 0);
                    }
                    launchers.processes(claims, run, 2 * PROCESSES);
                    launchers.sameWeights(claims, run);
                });
        stage.check(
                "TrainJob variables: process killed, the second pod as a whole",
                "the first one ends with exit code 4, both started again resume, same weights",
                claims -> {
                    RunFolder run = stage.run("pods-killed");
                    List<Running> pods = pods(run, launchers.trainWithCheckpoints(run));
                    Launchers.awaitStep(claims, run, 6);
                    pods.get(1).signalGroup(Signal.KILL);
                    SmallRuns.exits(claims, pods.get(0), 4);
                    List<Running> again = pods(run, launchers.trainWithCheckpoints(run));
                    for (Running pod : again) {
                        claims.claim(pod.exitCode() == 0, "not resumed");
                    }
                    claims.claim(again.get(0).log().says("resuming at step [1-9]"), "started anew");
                    launchers.sameWeights(claims, run);
                });
    }

    private List<Running> pods(RunFolder run, Command train) throws IOException {
        int port = Hosted.freePort();
        List<Running> pods = new ArrayList<>();
        for (int node = 0; node < 2; node++) {
            Command pod = train.env("PET_NNODES", "2")
                    .env("PET_NODE_RANK", Integer.toString(node))
                    .env("PET_NPROC_PER_NODE", Integer.toString(PROCESSES))
                    .env("PET_MASTER_ADDR", "127.0.0.1")
                    .env("PET_MASTER_PORT", Integer.toString(port));
            pods.add(stage.start(pod, run.path().getFileName() + "-" + node + ".log"));
        }
        return pods;
    }
}
