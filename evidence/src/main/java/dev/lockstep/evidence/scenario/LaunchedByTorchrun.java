package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** PyTorch's torchrun, from pip. */
final class LaunchedByTorchrun {
    private final Stage stage;
    private final Launchers launchers;
    private final @Nullable String python;

    /** @param python an interpreter with PyTorch; null to install one under evidence/target */
    LaunchedByTorchrun(Stage stage, Launchers launchers, @Nullable String python) {
        this.stage = stage;
        this.launchers = launchers;
        this.python = python;
    }

    void play() throws IOException, InterruptedException {
        Path torchrun = torchrun();
        if (!Files.isExecutable(torchrun)) {
            stage.report().skip("torchrun", "PyTorch cannot be installed by pip");
            return;
        }
        RunFolder one = stage.run("torchrun-one");
        Path home = Files.createDirectories(stage.path("home"));
        launchers.undisturbed(
                "torchrun: undisturbed, one agent, its store, P = 2",
                standalone(torchrun, "2")
                        .with(launchers.train(one).words())
                        .env("LOCKSTEP_CACHE", System.getProperty("user.home") + "/.cache/lockstep")
                        .env("LOCKSTEP_JAVA_OPTIONS", "-Duser.home=" + home),
                one,
                2);
        stage.check(
                "torchrun: undisturbed, the same",
                "no native library is loaded from ~/.javacpp",
                claims -> claims.claim(!Files.exists(home.resolve(".javacpp")), "~/.javacpp is there"));
        agents(torchrun, "static", "static");
        agents(torchrun, "c10d", "c10d, agents' store");
        restart(torchrun);
        restartOfTwo(torchrun);
        table(torchrun);
    }

    void playOn(LocalNetwork network) throws IOException, InterruptedException {
        Path torchrun = torchrun();
        if (!Files.isExecutable(torchrun)) {
            return;
        }
        launchers.delayed("torchrun", network, (cable, run) -> onBoth(torchrun, network, cable.address(0), run));
    }

    void playFaults(Optional<LocalNetwork> network) throws IOException, InterruptedException {
        Path torchrun = torchrun();
        if (!Files.isExecutable(torchrun)) {
            stage.report().skip("torchrun", "PyTorch cannot be installed by pip");
            return;
        }
        launchers.stopped("torchrun: told to stop, SIGTERM to one agent, P = 2", standalone(torchrun, "2"));
        if (network.isPresent()) {
            LocalNetwork hosts = network.get();
            String first = hosts.host(0).address();
            launchers.cut("torchrun", hosts, (run, options) -> onBoth(torchrun, hosts, first, run, options));
        }
    }

    private List<Running> onBoth(Path torchrun, LocalNetwork network, String master, RunFolder run, String... options)
            throws IOException {
        List<Running> agents = new ArrayList<>();
        for (int node = 0; node < 2; node++) {
            Command agent = Command.of(torchrun.toString(), "--no-python", "--nnodes", "2", "--nproc-per-node", "2")
                    .with("--node-rank", Integer.toString(node), "--master-addr", master)
                    .with(launchers.trainWithCheckpoints(run, options).words());
            agents.add(stage.start(agent.on(network.host(node)), run.path().getFileName() + "-" + node + ".log"));
        }
        return agents;
    }

    private Path torchrun() throws IOException, InterruptedException {
        return python == null ? install() : Path.of(python).resolveSibling("torchrun");
    }

    private Path install() throws IOException, InterruptedException {
        Path home = stage.checkout().home().resolve("evidence/target/torch");
        Path torchrun = home.resolve("bin/torchrun");
        if (!Files.isExecutable(torchrun)) {
            stage.complete(Command.of("python3", "-m", "venv", home.toString()), "venv.log");
            stage.complete(Command.of(home.resolve("bin/pip").toString(), "install", "-q", "torch"), "pip.log");
        }
        return torchrun;
    }

    private static Command standalone(Path torchrun, String processes, String... options) {
        return Command.of(torchrun.toString(), "--standalone", "--no-python", "--nproc-per-node", processes)
                .with(options);
    }

    private void agents(Path torchrun, String backend, String title) {
        stage.check("torchrun: undisturbed, two agents, " + title + ", P = 4", "one group, same weights", claims -> {
            RunFolder run = stage.run("torchrun-" + backend);
            for (Running agent : twoAgents(torchrun, backend, run, launchers.train(run))) {
                SmallRuns.exits(claims, agent, 0);
            }
            launchers.processes(claims, run, 4);
            launchers.sameWeights(claims, run);
        });
    }

    private List<Running> twoAgents(Path torchrun, String backend, RunFolder run, Command train, String... options)
            throws IOException {
        String port = Integer.toString(Hosted.freePort());
        List<Running> agents = new ArrayList<>();
        for (int node = 0; node < 2; node++) {
            Command agent = Command.of(torchrun.toString(), "--no-python", "--nnodes", "2", "--nproc-per-node", "2")
                    .with("--node-rank", Integer.toString(node), "--rdzv-backend", backend)
                    .with(options)
                    .with(
                            backend.equals("static")
                                    ? List.of("--master-addr", "127.0.0.1", "--master-port", port)
                                    : List.of("--rdzv-endpoint", "127.0.0.1:" + port, "--rdzv-id", "7"));
            agents.add(stage.start(agent.with(train.words()), run.path().getFileName() + "-" + node + ".log"));
        }
        return agents;
    }

    private void restartOfTwo(Path torchrun) {
        stage.check(
                "torchrun: process killed, two agents, c10d, --max-restarts 1, P = 4",
                "both agents start theirs again, which say from which step, same weights",
                claims -> {
                    RunFolder run = stage.run("torchrun-two-killed");
                    List<Running> agents = twoAgents(
                            torchrun, "c10d", run, launchers.trainWithCheckpoints(run), "--max-restarts", "1");
                    Launchers.awaitStep(claims, run, 6);
                    agents.get(1).javas(2).get(1).signal(Signal.KILL);
                    for (Running agent : agents) {
                        SmallRuns.exits(claims, agent, 0);
                    }
                    claims.claim(
                            agents.stream().anyMatch(agent -> agent.log().says("resuming at step [1-9][0-9]* of ")),
                            "the step is not said");
                    launchers.processes(claims, run, 4);
                    launchers.sameWeights(claims, run);
                });
    }

    private void restart(Path torchrun) {
        stage.check(
                "torchrun: process killed, one agent, --max-restarts 1, rank 1 of 2",
                "started again, says from which step, same weights",
                claims -> {
                    RunFolder run = stage.run("torchrun-killed");
                    Running agent = stage.start(
                            standalone(torchrun, "2", "--max-restarts", "1")
                                    .with(launchers.trainWithCheckpoints(run).words()),
                            "torchrun-killed.log");
                    Launchers.awaitStep(claims, run, 6);
                    List<Member> ranks = agent.ranks(2);
                    ranks.get(1).signal(Signal.KILL);
                    SmallRuns.exits(claims, agent, 0);
                    claims.claim(agent.log().says("resuming at step [1-9][0-9]* of "), "the step is not said");
                    launchers.sameWeights(claims, run);
                });
    }

    private void table(Path torchrun) {
        stage.check("torchrun: wrong use, data that is missing", "the error line is in torchrun's table", claims -> {
            RunFolder run = stage.run("torchrun-failed");
            Running agent = stage.complete(
                    standalone(torchrun, "2")
                            .with(launchers
                                    .train(run, "--data", stage.path("nowhere").toString())
                                    .words()),
                    "torchrun-failed.log");
            SmallRuns.exits(claims, agent, 1);
            claims.claim(agent.log().says("^  exitcode  : 3 "), "no exit code");
            claims.claim(agent.log().says("^  traceback : .*nowhere"), "not in the table");
        });
    }
}
