package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.util.Optional;

/** The main job, cut after some steps, by our launcher of several hosts: it must give the weights of a plain run. */
final class Launchers {
    private static final String STEPS = "20";

    private final Stage stage;
    private final RunFolder plain;

    private Launchers(Stage stage) throws IOException, InterruptedException {
        this.stage = stage;
        plain = stage.run("plain");
        stage.require(train(plain), "plain.log");
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Optional<LocalNetwork> network = stage.network(2, "10.77.2");
        if (network.isEmpty()) {
            stage.report().skip("two hosts", "network namespaces need root and iproute2");
            return;
        }
        new LaunchedByLockstep(stage, new Launchers(stage), network.get()).play();
    }

    /** With a checkpoint after every few steps. */
    Command train(RunFolder out, String... options) {
        return stage.train("fashion-mnist.yaml", out, "--stop-after", STEPS, "--checkpoint-every", "3")
                .with(options);
    }

    void sameWeights(Case claims, RunFolder out) {
        claims.claim(out.weights().matches("[0-9a-f]{64}"), "no result");
        claims.claim(out.weights().equals(plain.weights()), "other weights");
    }

    void processes(Case claims, RunFolder out, int count) {
        claims.equal("processes", count, out.result().path("processes").asInt());
    }

    /** Waits for the step at which a run is disturbed. */
    static void awaitStep(Case claims, RunFolder out, int step) {
        claims.claim(Await.within(180_000, () -> out.newest() >= step), "no checkpoint");
    }
}
