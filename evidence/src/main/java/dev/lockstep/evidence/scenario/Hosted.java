package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Host;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Groups that another launcher starts, with torchrun's variables: on this host, or spread over two. */
final class Hosted {
    private static final String WHERE = "in namespaces: ";

    private final Stage stage;
    private final SmallRuns runs;
    private final @Nullable LocalNetwork network;

    Hosted(Stage stage, SmallRuns runs, @Nullable LocalNetwork network) {
        this.stage = stage;
        this.runs = runs;
        this.network = network;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Hosted hosted = new Hosted(stage, new SmallRuns(stage), null);
        hosted.undisturbed("2 processes with torchrun's variables", 2);
        hosted.undisturbed("4 processes with torchrun's variables", 4);
        for (Signal signal : List.of(Signal.KILL, Signal.STOP)) {
            hosted.fault(signal, 0, 4);
            hosted.fault(signal, 1, 4);
        }
        hosted.stopped();
        hosted.differentRecipes();
        hosted.differentOptions();
        hosted.takenPort();
    }

    static void playNetwork(Stage stage, Settings settings) throws Exception {
        Optional<LocalNetwork> network = stage.network(2, "10.77.0");
        if (network.isEmpty()) {
            stage.report().skip("two hosts", "network namespaces need root and iproute2");
            return;
        }
        Hosted hosted = new Hosted(stage, new SmallRuns(stage), network.get());
        hosted.undisturbed(WHERE + "4 processes on two hosts", 4);
        hosted.fault(Signal.KILL, 1, 4);
        hosted.fault(Signal.KILL, 0, 4);
        hosted.fault(Signal.STOP, 3, 4);
        hosted.fault(Signal.STOP, 0, 4);
        hosted.pulledCable(network.get());
    }

    /** A group of processes. */
    private record Group(RunFolder run, List<Running> ranks) {}

    private @Nullable Host hostOf(int rank) {
        return network == null ? null : network.host(rank % 2);
    }

    private String hostName(int rank) {
        Host host = hostOf(rank);
        return host == null ? SmallRuns.host() : host.name();
    }

    static int freePort() throws IOException {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(20_000, 30_000);
            try (ServerSocket ignored = new ServerSocket(port)) {
                return port;
            } catch (BindException e) {
                // Taken: try the next one.
            }
        }
    }

    private Command placed(Command command, int rank, int size, int port) {
        return command.env("RANK", Integer.toString(rank))
                .env("WORLD_SIZE", Integer.toString(size))
                .env("LOCAL_RANK", Integer.toString(rank))
                .env(
                        "MASTER_ADDR",
                        network == null ? "127.0.0.1" : network.host(0).address())
                .env("MASTER_PORT", Integer.toString(port))
                .on(hostOf(rank));
    }

    private Group start(String name, int size, List<String> optionsOfRank1) throws IOException {
        RunFolder run = stage.run(name);
        int port = freePort();
        List<Running> ranks = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            Command command = runs.command(run, "--lanes", "1", "--peer-timeout", "" + SmallRuns.PATIENCE)
                    .with(rank == 1 ? optionsOfRank1 : List.of());
            ranks.add(stage.start(placed(command, rank, size, port), name + "." + rank + ".log"));
        }
        return new Group(run, ranks);
    }

    private static void allExit(Case claims, Group group, int code) throws InterruptedException {
        for (Running rank : group.ranks) {
            SmallRuns.exits(claims, rank, code);
        }
    }

    private void undisturbed(String title, int size) {
        stage.check(title, "same weights", claims -> {
            Group group = start("group-" + size, size, List.of());
            allExit(claims, group, 0);
            claims.claim(runs.endsAsUntouched(group.run), "other weights");
        });
    }

    /** Hits a rank; every survivor must name it with its host, and the run must resume to the same weights. */
    void fault(Signal signal, int victim, int size) {
        stage.check(
                (network == null ? "" : WHERE)
                        + "SIG%s of rank %d of %d without our launcher".formatted(signal, victim, size),
                "named with its host by every survivor, resumed to the same weights",
                claims -> {
                    Group group = start("hit-" + signal + "-" + victim, size, List.of());
                    claims.claim(group.run.awaitStep(2), "no checkpoint");
                    group.ranks.get(victim).signal(signal);
                    long since = System.nanoTime();
                    named(claims, group, signal, victim, since);
                    runs.resume(claims, group.run);
                });
    }

    private void named(Case claims, Group group, Signal signal, int victim, long since) throws InterruptedException {
        String cause = signal == Signal.KILL ? SmallRuns.VANISHED : SmallRuns.cause(signal);
        long allowed = SmallRuns.allowed(signal);
        for (int rank = 0; rank < group.ranks.size(); rank++) {
            if (rank != victim) {
                SmallRuns.names(
                        claims,
                        group.ranks.get(rank).log(),
                        "rank " + rank,
                        victim,
                        hostName(victim),
                        cause,
                        since,
                        allowed);
            }
        }
        Phases.took(claims, since, allowed);
        for (int rank = 0; rank < group.ranks.size(); rank++) {
            if (rank != victim) {
                Running survivor = group.ranks.get(rank);
                claims.claim(Await.within(3000, survivor::gone), "rank " + rank + " is left");
                SmallRuns.exits(claims, survivor, 4);
            }
        }
        group.ranks.get(victim).end();
    }

    private void stopped() {
        stage.check(
                "SIGTERM of one of 2 without our launcher",
                "both stop after the same step, resumed to the same weights",
                claims -> {
                    Group group = start("stopped", 2, List.of());
                    claims.claim(group.run.awaitStep(2), "no checkpoint");
                    group.ranks.get(1).signal(Signal.TERM);
                    allExit(claims, group, 143);
                    claims.claim(
                            group.run.result().path("steps").asInt() == group.run.newest(),
                            "the result is not of the newest checkpoint");
                    runs.resume(claims, group.run);
                });
    }

    private void differentRecipes() {
        refused(
                "processes with different recipes",
                List.of("--set", "seed=2", "--set", "model.width=32"),
                "^error: processes have different recipes: model.width = 64 \\(32\\), seed = 1 \\(2\\), "
                        + "rank = 0 \\(rank = 1\\)");
    }

    private void differentOptions() {
        refused(
                "processes with different options",
                List.of("--collective", "native", "--audit-every", "5"),
                "^error: processes have different options: collective = tree \\(native\\), audit-every = 0 \\(5\\)");
    }

    private void refused(String title, List<String> optionsOfRank1, String line) {
        stage.check(title, "refused by both before training, names and values given", claims -> {
            Group group = start(title.replace(' ', '-'), 2, optionsOfRank1);
            allExit(claims, group, 2);
            for (int rank = 0; rank < 2; rank++) {
                claims.claim(group.ranks.get(rank).log().says(line), "rank " + rank + " does not name them");
            }
            claims.claim(group.run.metrics().lines().isEmpty(), "trained");
        });
    }

    private void takenPort() {
        stage.check("a master port that is taken", "refused in one line", claims -> {
            int port = freePort();
            Running holder = stage.start(placed(runs.command(stage.run("holder")), 0, 2, port), "holder.log");
            claims.claim(Await.within(30_000, () -> isOpen(port)), "the first one does not listen");
            Running second = stage.start(placed(runs.command(stage.run("second")), 0, 2, port), "second.log");
            SmallRuns.exits(claims, second, 2);
            holder.end();
            claims.claim(
                    second.log()
                            .says("^error: MASTER_PORT = " + port
                                    + " is taken, .*choose another port for all processes$"),
                    "not said");
            claims.claim(second.log().count(".") == second.log().count("^warning") + 1, "more than one line");
        });
    }

    private static boolean isOpen(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void pulledCable(LocalNetwork hosts) {
        stage.check(WHERE + "the cable is pulled", "each side names the other", claims -> {
            Group group = start("cut", 2, List.of());
            claims.claim(group.run.awaitStep(2), "no checkpoint");
            hosts.cut(hosts.host(1));
            long since = System.nanoTime();
            long allowed = SmallRuns.allowed(Signal.STOP);
            for (int rank = 0; rank < 2; rank++) {
                int other = 1 - rank;
                SmallRuns.names(
                        claims,
                        group.ranks.get(rank).log(),
                        "rank " + rank,
                        other,
                        hostName(other),
                        SmallRuns.cause(Signal.STOP),
                        since,
                        allowed);
            }
            Phases.took(claims, since, allowed);
            allExit(claims, group, 4);
        });
    }
}
