package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.DelayCable;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The main job, cut after some steps, by every launcher that can run here; each must give the weights of a plain run. */
final class Launchers {
    private static final String STEPS = "40";
    /** Of runs that are cut short. */
    static final String FEWER = "20";

    private static final int DELAY_MILLIS = 10;
    /** Half of the gradients of 20 steps, 300 kB each. */
    private static final long LEAST_BYTES = 3_000_000;

    private final Stage stage;
    private final RunFolder plain;
    private final RunFolder shorter;

    private Launchers(Stage stage) throws IOException, InterruptedException {
        this.stage = stage;
        plain = stage.run("plain");
        shorter = stage.run("shorter");
        stage.require(trainWithCheckpoints(shorter), "shorter.log");
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Launchers launchers = new Launchers(stage);
        stage.require(launchers.train(launchers.plain, "--checkpoint-every", "20"), "plain.log");
        List<String> parts = settings.options();
        LaunchedByTorchrun torchrun = new LaunchedByTorchrun(stage, launchers, settings.python());
        LaunchedByMpi mpi = new LaunchedByMpi(stage, launchers);
        if (wanted(parts, "torchrun")) {
            torchrun.play();
        }
        if (wanted(parts, "mpi")) {
            mpi.play();
        }
        if (wanted(parts, "trainjob")) {
            new LaunchedByPods(stage, launchers).play();
        }
        Optional<LocalNetwork> network = stage.network(2, "10.77.2");
        if (network.isEmpty()) {
            stage.report().skip("Slurm, and everything on two hosts", "network namespaces need root and iproute2");
            return;
        }
        if (wanted(parts, "torchrun")) {
            torchrun.playOn(network.get());
        }
        if (wanted(parts, "mpi")) {
            mpi.playOn(network.get());
        }
        if (wanted(parts, "launch")) {
            new LaunchedByLockstep(stage, launchers, network.get()).play();
        }
        if (wanted(parts, "slurm")) {
            new LaunchedBySlurm(stage, launchers, network.get()).play();
        }
    }

    /** Faults for which a launcher matters: what it does to the other processes, and whether it gives them time. */
    static void playFaults(Stage stage, Settings settings) throws Exception {
        Launchers launchers = new Launchers(stage);
        List<String> parts = settings.options();
        Optional<LocalNetwork> network = stage.network(2, "10.77.3");
        if (network.isEmpty()) {
            stage.report().skip("Slurm, and everything on two hosts", "network namespaces need root and iproute2");
        }
        if (wanted(parts, "torchrun")) {
            new LaunchedByTorchrun(stage, launchers, settings.python()).playFaults(network);
        }
        if (wanted(parts, "mpi")) {
            new LaunchedByMpi(stage, launchers).playFaults(network);
        }
        if (wanted(parts, "slurm") && network.isPresent()) {
            new LaunchedBySlurm(stage, launchers, network.get()).playFaults();
        }
    }

    /** Words after -- choose some of the launchers. */
    private static boolean wanted(List<String> parts, String name) {
        return parts.isEmpty() || parts.contains(name);
    }

    Command train(RunFolder out, String... options) {
        return stage.train("fashion-mnist.yaml", out, "--stop-after", STEPS).with(options);
    }

    /** With a checkpoint after every few steps, for runs that are cut short. */
    Command trainWithCheckpoints(RunFolder out, String... options) {
        return stage.train("fashion-mnist.yaml", out, "--stop-after", FEWER, "--checkpoint-every", "3")
                .with(options);
    }

    void sameWeights(Case claims, RunFolder out) {
        claims.claim(out.weights().matches("[0-9a-f]{64}"), "no result");
        RunFolder same = out.result().path("steps").asText().equals(STEPS) ? plain : shorter;
        claims.claim(out.weights().equals(same.weights()), "other weights");
    }

    void processes(Case claims, RunFolder out, int count) {
        claims.equal("processes", count, out.result().path("processes").asInt());
    }

    /** A run by a launcher that must succeed, with this many processes. */
    void undisturbed(String title, Command launcher, RunFolder out, int processes) {
        stage.check(title, "one group, same weights", claims -> {
            Running running = stage.complete(launcher, out.path().getFileName() + ".log");
            SmallRuns.exits(claims, running, 0);
            processes(claims, out, processes);
            sameWeights(claims, out);
        });
    }

    /** Starts a run on both ends of a slow cable; returns its processes. */
    interface StartOnCable {
        List<Running> at(DelayCable cable, RunFolder out) throws Exception;
    }

    /** A run of four processes on two hosts that are connected by a slow cable. */
    void delayed(String who, LocalNetwork network, StartOnCable start) {
        stage.check(
                who + ": delay, " + DELAY_MILLIS + " ms each way between two hosts, P = 4",
                "one group, its data goes through the slow cable, same weights",
                claims -> {
                    DelayCable cable = DelayCable.between(stage, network.host(0), network.host(1), DELAY_MILLIS);
                    double roundTrip = cable.roundTripMillis();
                    claims.figure("round trip, ms", roundTrip);
                    claims.claim(roundTrip >= 2 * DELAY_MILLIS, "no delay");
                    RunFolder run = stage.run("delayed-" + who.replace(' ', '-'));
                    for (Running process : start.at(cable, run)) {
                        SmallRuns.exits(claims, process, 0);
                    }
                    long sent = cable.bytesSent();
                    claims.figure("MB through the cable", sent / 1_000_000);
                    claims.claim(sent > LEAST_BYTES, "the data went another way");
                    processes(claims, run, 4);
                    sameWeights(claims, run);
                });
    }

    /** Sends SIGTERM to the launcher of a long run, which must end when its processes have saved. */
    void stopped(String title, Command launcher) {
        stopped(title, launcher, running -> running.signal(Signal.TERM));
    }

    /** As {@link #stopped(String, Command)}, told in another way. */
    void stopped(String title, Command launcher, Consumer<Running> tell) {
        stage.check(title, "saved and ended, resumed to the same weights", claims -> {
            RunFolder run = stage.run("stopped-" + launcher.words().get(0).replaceFirst(".*/", ""));
            Command train = stage.train("fashion-mnist.yaml", run, "--checkpoint-every", "3");
            Running running =
                    stage.start(launcher.with(train.words()), run.path().getFileName() + ".log");
            awaitStep(claims, run, 6);
            tell.accept(running);
            claims.claim(Await.within(60_000, run::hasStopped), "not saved");
            ends(claims, running);
            int saved = run.newest();
            claims.figure("saved after step", saved);
            String[] more = {"--stop-after", Integer.toString(saved + 3)};
            Running again = stage.complete(
                    launcher.with(train.with(more).words()), run.path().getFileName() + "-resumed.log");
            SmallRuns.exits(claims, again, 0);
            claims.claim(again.log().says("resuming at step " + saved + " of"), "started anew");
            RunFolder same = stage.run(run.path().getFileName() + "-plain");
            stage.require(
                    stage.train("fashion-mnist.yaml", same, more), same.path().getFileName() + ".log");
            claims.claim(run.sameAs(same), "other weights");
        });
    }

    private static void ends(Case claims, Running launcher) throws InterruptedException {
        boolean ended = Await.within(60_000, () -> !launcher.isAlive());
        claims.claim(ended, "the launcher does not end");
        claims.claim(!ended || launcher.exitCode() != 0, "the launcher succeeded");
    }

    /** Starts a run; returns its launchers. */
    interface Start {
        List<Running> of(RunFolder out, String... options) throws Exception;
    }

    /** A run of four processes on two hosts, of which the second one loses its connection for as long as any of them lives. */
    void cut(String who, LocalNetwork network, Start start) {
        cut(who, network, start, () -> {});
    }

    /** As {@link #cut(String, LocalNetwork, Start)}, for a launcher that does not end by itself. */
    void cut(String who, LocalNetwork network, Start start, Runnable end) {
        stage.check(
                who + ": cable pulled, two hosts, P = 4",
                "all processes end, a rank is named, resumed to the same weights",
                claims -> {
                    RunFolder run = stage.run("cut-" + who.replace(' ', '-'));
                    List<Running> launched = start.of(run, "--peer-timeout", "5");
                    awaitStep(claims, run, 6);
                    List<ProcessHandle> processes = run.trainers();
                    claims.equal("processes", 4, processes.size());
                    network.cut(network.host(1));
                    long since = System.nanoTime();
                    boolean gone = Await.within(60_000, () -> processes.stream().noneMatch(ProcessHandle::isAlive));
                    claims.claim(gone, "processes are left");
                    claims.figure("all ended after, ms", Await.millisSince(since));
                    network.reconnect(network.host(1));
                    end.run();
                    for (Running one : launched) {
                        ends(claims, one);
                    }
                    claims.claim(
                            launched.stream().anyMatch(one -> one.log().says("rank [0-9] on .* gave no sign of life")),
                            "no rank named");
                    again(claims, run, start);
                });
    }

    private void again(Case claims, RunFolder run, Start start) throws Exception {
        List<Running> launched = start.of(run);
        if (!Await.within(120_000, () -> launched.stream().noneMatch(Running::isAlive))) {
            claims.wrong("the resumed run does not end");
            return;
        }
        for (Running one : launched) {
            SmallRuns.exits(claims, one, 0);
        }
        claims.claim(launched.stream().anyMatch(one -> one.log().says("resuming at step [1-9]")), "started anew");
        processes(claims, run, 4);
        sameWeights(claims, run);
    }

    /** Kills one of three processes of an elastic run; the launcher leaves the others alone. */
    void elastic(String title, Command launcher) {
        stage.check(title, "the others continue, same weights", claims -> {
            RunFolder run = stage.run("elastic-" + launcher.words().get(0).replaceFirst(".*/", ""));
            Command train = trainWithCheckpoints(run, "--elastic", "1:3");
            Running running =
                    stage.start(launcher.with(train.words()), run.path().getFileName() + ".log");
            awaitStep(claims, run, 6);
            List<ProcessHandle> processes = run.trainers();
            claims.equal("processes", 3, processes.size());
            processes.get(2).destroyForcibly();
            claims.figure("exit code", running.exitCode());
            claims.claim(running.log().says("2 processes continue from step [1-9]"), "not continued");
            claims.claim(!running.log().says("resuming at step"), "started again");
            claims.claim(run.result().path("steps").asText().equals(FEWER), "not all steps");
            sameWeights(claims, run);
        });
    }

    /** Starts an unfinished run again, which must resume and end with the weights. */
    void resumes(Case claims, RunFolder run, Command command) throws IOException, InterruptedException {
        Running again = stage.complete(command, run.path().getFileName() + "-resumed.log");
        SmallRuns.exits(claims, again, 0);
        claims.claim(again.log().says("resuming at step [1-9]"), "started anew");
        sameWeights(claims, run);
    }

    /** Waits for the step at which a run is disturbed. */
    static void awaitStep(Case claims, RunFolder out, int step) {
        claims.claim(Await.within(180_000, () -> out.newest() >= step), "no checkpoint");
    }
}
