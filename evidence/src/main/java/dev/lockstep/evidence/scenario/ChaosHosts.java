package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Host;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Elastic runs that no launcher keeps: a process on each of several hosts, started by hand. Processes are killed, frozen and
 * woken up after the others have given them up, told to leave, and cut off; each host then gets a new process, which joins.
 */
final class ChaosHosts {
    private static final int HOSTS = 4;
    private static final int LEAST = 2;
    private static final int PEER_TIMEOUT_SECONDS = 3;
    private static final int PORT = 29_700;
    private static final int SEEDS = 3;
    private static final int STEPS = 500;
    private static final int STEPS_PER_EVENT = 300;
    /** More than any number of a process. */
    private static final int MANY = 2000;

    /** What happens to a process or its host. */
    private enum What {
        KILLED("killed"),
        FROZEN("frozen, then woken up"),
        TOLD("told to leave"),
        CUT("cut off, then connected");

        private final String words;

        What(String words) {
            this.words = words;
        }
    }

    /** A process of the group. */
    private record Process(int number, Host host, Running shell) {}

    private final Stage stage;
    private final LocalNetwork network;
    private final Path secret;
    private final int wanted;
    private final int steps;
    private final long seed;
    private final Random random;
    private final RunFolder run;
    /** In the order in which they joined: the first keeps the group. */
    private final List<Process> group = new ArrayList<>();

    private final Map<What, Integer> counts = new EnumMap<>(What.class);
    private int keepers;
    private int started;

    private ChaosHosts(Stage stage, LocalNetwork network, Path secret, Settings settings, long seed) {
        this.stage = stage;
        this.network = network;
        this.secret = secret;
        this.wanted = settings.kills();
        this.steps = steps(settings);
        this.seed = seed;
        this.random = new Random(seed);
        this.run = stage.run("hosts-" + seed);
    }

    private static int steps(Settings settings) {
        return STEPS + STEPS_PER_EVENT * settings.kills();
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Optional<LocalNetwork> network = stage.network(HOSTS, "10.79.12");
        if (network.isEmpty()) {
            stage.report().skip("chaos-hosts", "network namespaces need root");
            return;
        }
        RunFolder untouched = stage.run("untouched");
        stage.require(Chaos.train(stage, steps(settings), untouched, "--procs", "1"), "untouched.log");
        Path secret = SmallRuns.secret(stage);
        for (long seed = settings.seed(); seed < settings.seed() + SEEDS; seed++) {
            ChaosHosts chaos = new ChaosHosts(stage, network.get(), secret, settings, seed);
            stage.check(
                    "seed " + seed + ": " + settings.kills() + " events on " + HOSTS + " hosts, no launcher",
                    "exit code 0 or as told, every step once, evaluations and all tensors of the undisturbed run",
                    claims -> chaos.run(claims, untouched));
        }
    }

    private Process start(Host host, int number, int size, Host keeper) throws IOException {
        Running shell = stage.start(
                Chaos.train(
                                stage,
                                steps,
                                run,
                                "--elastic",
                                LEAST + ":" + (HOSTS + 1),
                                "--peer-timeout",
                                Integer.toString(PEER_TIMEOUT_SECONDS))
                        .env("RANK", Integer.toString(number))
                        .env("WORLD_SIZE", Integer.toString(size))
                        .env("MASTER_ADDR", keeper.address())
                        .env("MASTER_PORT", Long.toString(PORT + seed))
                        .env("LOCKSTEP_GROUP_SECRET", secret.toString())
                        .on(host),
                "host-" + seed + "-" + number + ".log");
        return new Process(number, host, shell);
    }

    private void run(Case claims, RunFolder untouched) throws Exception {
        for (int number = 0; number < HOSTS; number++) {
            group.add(start(network.host(number), number, HOSTS, network.host(0)));
        }
        started = HOSTS;
        if (!Await.within(120_000, () -> run.metrics().says("\"type\":\"step\""))) {
            claims.claim(false, "no first step: " + group.get(0).shell.log().lastLine());
            return;
        }
        int done = 0;
        while (done < wanted && group.get(0).shell.isAlive()) {
            Thread.sleep(500 + random.nextInt(2500));
            What what = What.values()[random.nextInt(What.values().length)];
            Process victim = group.get(random.nextInt(group.size()));
            keepers += victim == group.get(0) ? 1 : 0;
            disturb(claims, what, victim);
            done++;
            counts.merge(what, 1, Integer::sum);
        }
        claims.claim(done == wanted, "the run ended after " + done + " events");
        for (Process process : group) {
            SmallRuns.exits(claims, process.shell, 0);
        }
        Chaos.sameRun(claims, steps, run, untouched);
        for (What what : What.values()) {
            claims.figure(what.words, counts.getOrDefault(what, 0));
        }
        claims.figure("of them, the keeper", keepers);
        claims.figure("processes", started);
        claims.figure("weights", run.weights());
    }

    private void disturb(Case claims, What what, Process victim) throws Exception {
        group.remove(victim);
        Running java = victim.shell;
        switch (what) {
            case KILLED -> java.signal(Signal.KILL);
            case TOLD -> {
                java.signal(Signal.TERM);
                SmallRuns.exits(claims, victim.shell, 0);
            }
            case FROZEN -> {
                java.signal(Signal.STOP);
                Thread.sleep((PEER_TIMEOUT_SECONDS + 3) * 1000L);
                java.signal(Signal.CONT);
                SmallRuns.exits(claims, victim.shell, 4);
            }
            case CUT -> {
                network.cut(victim.host);
                SmallRuns.exits(claims, victim.shell, 4);
                network.reconnect(victim.host);
            }
        }
        join(claims, victim.host);
    }

    /** A new process on a host; waits until it is a member. */
    private void join(Case claims, Host host) throws IOException {
        int number = started++;
        Process fresh = start(host, number, MANY, group.get(0).host);
        group.add(fresh);
        boolean joined = Await.within(
                60_000,
                () -> group.stream().anyMatch(one -> one.shell.log().says("\\b" + number + " joins the group"))
                        || !group.get(0).shell.isAlive());
        claims.claim(
                joined,
                "process " + number + " does not join: " + fresh.shell.log().lastLine());
    }
}
