package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.util.ArrayList;
import java.util.List;

/** Kubeflow Trainer's variables, as its pods have them; there is no Kubernetes here. */
final class LaunchedByPods {
    private final Stage stage;
    private final Launchers launchers;

    LaunchedByPods(Stage stage, Launchers launchers) {
        this.stage = stage;
        this.launchers = launchers;
    }

    void play() {
        int processes = 2;
        stage.check(
                "variables of a TrainJob, two pods, numProcPerNode = " + processes,
                "one group, same weights",
                claims -> {
                    RunFolder run = stage.run("pods-" + processes);
                    int port = Hosted.freePort();
                    List<Running> pods = new ArrayList<>();
                    for (int node = 0; node < 2; node++) {
                        Command pod = launchers
                                .train(run)
                                .env("PET_NNODES", "2")
                                .env("PET_NODE_RANK", Integer.toString(node))
                                .env("PET_NPROC_PER_NODE", Integer.toString(processes))
                                .env("PET_MASTER_ADDR", "127.0.0.1")
                                .env("PET_MASTER_PORT", Integer.toString(port));
                        pods.add(stage.start(pod, "pod-" + processes + node + ".log"));
                    }
                    for (Running pod : pods) {
                        SmallRuns.exits(claims, pod, 0);
                    }
                    launchers.processes(claims, run, 2 * processes);
                    launchers.sameWeights(claims, run);
                });
    }
}
