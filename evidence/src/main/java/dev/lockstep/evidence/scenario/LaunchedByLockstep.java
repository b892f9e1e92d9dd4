package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Host;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** {@code lockstep launch} on two hosts without any scheduler. */
final class LaunchedByLockstep {
    private final Stage stage;
    private final Launchers launchers;
    private final LocalNetwork network;

    LaunchedByLockstep(Stage stage, Launchers launchers, LocalNetwork network) {
        this.stage = stage;
        this.launchers = launchers;
        this.network = network;
    }

    void play() throws IOException {
        Host.remoteShell(stage.path("remote-shell"));
        byHand();
        bySsh();
        stopped();
        killed();
        launchers.delayed("launch", network, (cable, run) -> onBoth(run, cable.address(0)));
        loopback();
        cut();
    }

    private List<String> arguments(RunFolder run, String... options) {
        List<String> words = launchers.trainWithCheckpoints(run, options).words();
        return words.subList(1, words.size());
    }

    private List<Running> onBoth(RunFolder run, String master, String... options) throws IOException {
        List<Running> hosts = new ArrayList<>();
        for (int node = 0; node < 2; node++) {
            Command command = stage.lockstep("launch", "--nnodes", "2", "--node-rank", Integer.toString(node))
                    .with("--nproc-per-node", "2", "--master", master, "--")
                    .with(arguments(run, options))
                    .on(network.host(node));
            hosts.add(stage.start(command, run.path().getFileName() + "-" + node + ".log"));
        }
        return hosts;
    }

    private void byHand() {
        stage.check(
                "launch: undisturbed, started on each of two hosts, by name, P = 4",
                "one group, same weights",
                claims -> {
                    RunFolder run = stage.run("launch");
                    // On its own host the name leads to 127.0.1.1, on the other to its address.
                    for (Running host : onBoth(run, network.host(0).name())) {
                        SmallRuns.exits(claims, host, 0);
                    }
                    launchers.processes(claims, run, 4);
                    launchers.sameWeights(claims, run);
                });
    }

    private Command everywhere(RunFolder run) throws IOException {
        Host first = network.host(0);
        return stage.lockstep(
                        "launch",
                        "--hosts",
                        first.name() + "," + network.host(1).name())
                .with("--ssh=" + stage.path("remote-shell"), "--nproc-per-node", "2")
                .with("--master", first.address(), "--")
                .with(arguments(run));
    }

    private void bySsh() {
        stage.check(
                "launch: undisturbed, --hosts --ssh, P = 4",
                "one group, same weights, a secret that nobody typed",
                claims -> {
                    RunFolder run = stage.run("ssh");
                    Running launch = stage.complete(everywhere(run), "ssh.log");
                    SmallRuns.exits(claims, launch, 0);
                    claims.claim(!launch.log().says("this group has no secret"), "no secret");
                    launchers.processes(claims, run, 4);
                    launchers.sameWeights(claims, run);
                });
    }

    private void stopped() {
        stage.check(
                "launch: told to stop, --hosts --ssh, by SIGTERM, then by SIGKILL of a resumed one",
                "saved, resumed, saved again when the connections break, resumed to the same weights",
                claims -> {
                    RunFolder run = stage.run("ssh-stopped");
                    Running launch = stage.start(everywhere(run), "ssh-stopped.log");
                    Launchers.awaitStep(claims, run, 6);
                    launch.signal(Signal.TERM);
                    SmallRuns.exits(claims, launch, 143);
                    int saved = run.newest();
                    Running again = stage.start(everywhere(run), "ssh-stopped.log");
                    Launchers.awaitStep(claims, run, saved + 1);
                    again.signal(Signal.KILL);
                    Await.within(30_000, run::hasStopped);
                    Running last = stage.complete(everywhere(run), "ssh-resumed.log");
                    SmallRuns.exits(claims, last, 0);
                    launchers.sameWeights(claims, run);
                });
    }

    private void killed() {
        stage.check(
                "launch: process killed, started on each of two hosts, the last rank of 4",
                "both end with exit code 4, its host named, resumed to the same weights",
                claims -> {
                    RunFolder run = stage.run("killed");
                    List<Running> hosts = onBoth(run, network.host(0).address());
                    Launchers.awaitStep(claims, run, 6);
                    List<Member> ranks = hosts.get(1).ranks(2);
                    ranks.get(1).signal(Signal.KILL);
                    for (Running host : hosts) {
                        SmallRuns.exits(claims, host, 4);
                    }
                    claims.claim(
                            hosts.get(0)
                                    .log()
                                    .says("^error: .*rank 3 on "
                                            + network.host(1).name()),
                            "host not named");
                    SmallRuns.gone(claims, ranks);
                    resumed(claims, run);
                });
    }

    private void resumed(Case claims, RunFolder run) throws IOException, InterruptedException {
        List<Running> again = onBoth(run, network.host(0).address());
        for (Running host : again) {
            claims.claim(host.exitCode() == 0, "not resumed");
        }
        claims.claim(again.get(0).log().says("resuming at step [1-9]"), "started anew");
        launchers.processes(claims, run, 4);
        launchers.sameWeights(claims, run);
    }

    private void loopback() {
        stage.check(
                "launch: wrong use, two hosts, --master localhost",
                "said with the fix by the second host, which ends",
                claims -> {
                    RunFolder run = stage.run("loopback");
                    long since = System.nanoTime();
                    List<Running> hosts = onBoth(run, "localhost");
                    Running second = hosts.get(1);
                    boolean said = Await.within(
                            30_000,
                            () -> second.log().says("notice: waiting for rank 0 at localhost.*give an address"));
                    claims.claim(said, "no notice");
                    claims.figure("said after, ms", Await.millisSince(since));
                    SmallRuns.exits(claims, second, 4);
                    claims.claim(
                            second.log().says("^error: MASTER_ADDR = localhost leads to this machine itself"),
                            "not said");
                });
    }

    private void cut() {
        stage.check(
                "launch: cable pulled, two hosts",
                "both end and name a rank, exit code 4, resumed to the same weights",
                claims -> {
                    RunFolder run = stage.run("cut");
                    List<Running> hosts = onBoth(run, network.host(0).address(), "--peer-timeout", "5");
                    Launchers.awaitStep(claims, run, 6);
                    network.cut(network.host(1));
                    ends(claims, hosts);
                    network.reconnect(network.host(1));
                    resumed(claims, run);
                });
    }

    private static void ends(Case claims, List<Running> hosts) throws InterruptedException {
        for (Running host : hosts) {
            SmallRuns.exits(claims, host, 4);
            claims.claim(host.log().says("^error: .*rank [0-9] on .* gave no sign of life"), "no rank named");
        }
    }
}
