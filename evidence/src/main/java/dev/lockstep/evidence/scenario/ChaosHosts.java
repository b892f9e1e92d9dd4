package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Host;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.Log;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Elastic runs that no launcher keeps: a process on each of several hosts, started by hand. Processes are killed, frozen and
 * woken up after the others have given them up, told to leave, and cut off, also while the group still changes for another one
 * or a new one joins; the same command is then started again on that host, with the same variables, and joins the group wherever
 * it is kept by now.
 */
final class ChaosHosts {
    private static final int HOSTS = 6;
    private static final int LEAST = 2;
    private static final int PEER_TIMEOUT_SECONDS = 3;
    private static final int AWAKE_AFTER_MILLIS = 1000 * (PEER_TIMEOUT_SECONDS + 3);
    private static final int PORT = 29_700;
    private static final int SEEDS = 3;
    /** More than any run makes before its events are over. */
    private static final int STEPS = 99_000;

    private static final int LONGEST_PAUSE_MILLIS = 1500;
    /** How long a change of the group takes, usually. */
    private static final int CHANGE_MILLIS = 500;
    /** A process that has been awake for longer has not been given up. */
    private static final int UNNOTICED_MILLIS = 30_000;

    /** The exit code of a run that was told to stop. */
    private static final int STOPPED = 143;
    /** The exit code of a process that its group has lost. */
    private static final int LOST = 4;

    private static final int POLL_MILLIS = 50;
    /** An event or a join that takes longer is wrong. */
    private static final int PATIENCE_MILLIS = 120_000;

    private static final String TAKES_PART = "this process takes part from step ";

    /** What happens to a process or its host. */
    private enum What {
        KILLED("killed", 137),
        FROZEN("frozen, then woken up", 4),
        TOLD("told to leave", 0),
        CUT("cut off, then connected", 4);

        private final String words;
        private final int exitCode;

        What(String words, int exitCode) {
            this.words = words;
            this.exitCode = exitCode;
        }
    }

    /** What the group is doing when something happens to one of its processes. */
    private enum When {
        ANY("at any moment"),
        CHECKPOINT("while a checkpoint is written"),
        EVALUATION("in an evaluation"),
        CHANGE("while the group changes");

        private final String words;

        When(String words) {
            this.words = words;
        }
    }

    /** A host and the newest process there. */
    private final class Place {
        private final Host host;
        private final int rank;
        /** Among all processes that were started. */
        private int number;

        private Running shell;
        private long since;
        /** Not null after something has happened to the process, until it has ended. */
        private @Nullable What hit;

        private boolean awake;

        Place(int rank) throws IOException {
            this.host = network.host(rank);
            this.rank = rank;
            begin();
        }

        private void begin() throws IOException {
            number = started++;
            shell = start(host, rank, number);
            since = System.nanoTime();
            hit = null;
            awake = false;
            say("process " + number + " is started on host " + rank);
        }

        boolean takesPart() {
            return hit == null && (number < HOSTS || shell.log().says(TAKES_PART));
        }

        /** How long the others do not notice what has happened to it. */
        long unnoticedMillis() {
            return hit == What.FROZEN || hit == What.CUT ? 1000L * PEER_TIMEOUT_SECONDS : 0;
        }

        boolean isFor(long millis) {
            return Await.millisSince(since) >= millis;
        }
    }

    private final Stage stage;
    private final LocalNetwork network;
    private final Path secret;
    private final int wanted;
    private final long seed;
    private final Random random;
    private final RunFolder run;
    private final List<Place> places = new ArrayList<>();
    private final Map<What, Integer> kinds = new EnumMap<>(What.class);
    private final Map<When, Integer> moments = new EnumMap<>(When.class);
    private int keepers;
    private int started;
    private int again;
    private int unnoticed;
    private int givenUp;
    private boolean another;

    private ChaosHosts(Stage stage, LocalNetwork network, Path secret, Settings settings, long seed) {
        this.stage = stage;
        this.network = network;
        this.secret = secret;
        this.wanted = settings.kills();
        this.seed = seed;
        this.random = new Random(seed);
        this.run = stage.run("hosts-" + seed);
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Optional<LocalNetwork> network = stage.network(HOSTS, "10.79.12");
        if (network.isEmpty()) {
            stage.report().skip("chaos-hosts", "network namespaces need root");
            return;
        }
        Path secret = SmallRuns.secret(stage);
        for (long seed = settings.seed(); seed < settings.seed() + SEEDS; seed++) {
            ChaosHosts chaos = new ChaosHosts(stage, network.get(), secret, settings, seed);
            stage.check(
                    "seed " + seed + ": " + settings.kills() + " events on " + HOSTS + " hosts, no launcher",
                    "exit codes as told, every step once, evaluations and all tensors of the undisturbed run",
                    chaos::run);
        }
    }

    /** For a reader of a run that is not as it should be. */
    private void say(String what) throws IOException {
        Files.writeString(
                stage.path("events-" + seed + ".log"),
                LocalTime.now(ZoneId.systemDefault()) + " " + what + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    private Running start(Host host, int rank, int number) throws IOException {
        return stage.start(
                Chaos.train(
                                stage,
                                STEPS,
                                run,
                                "--elastic",
                                LEAST + ":" + HOSTS,
                                "--peer-timeout",
                                Integer.toString(PEER_TIMEOUT_SECONDS))
                        .env("RANK", Integer.toString(rank))
                        .env("WORLD_SIZE", Integer.toString(HOSTS))
                        .env("MASTER_ADDR", network.host(0).address())
                        .env("MASTER_PORT", Long.toString(PORT + seed))
                        .env("LOCKSTEP_GROUP_SECRET", secret.toString())
                        .on(host),
                log(number));
    }

    private String log(int number) {
        return "host-" + seed + "-" + number + ".log";
    }

    private void run(Case claims) throws Exception {
        for (int rank = 0; rank < HOSTS; rank++) {
            places.add(new Place(rank));
        }
        if (!Await.within(PATIENCE_MILLIS, () -> run.metrics().says("\"type\":\"step\""))) {
            claims.claim(false, "no first step: " + places.get(0).shell.log().lastLine());
            return;
        }
        int done = 0;
        long pause = 0;
        long last = System.nanoTime();
        boolean healthy = true;
        long kept = last;
        while (healthy && done < wanted && Await.millisSince(kept) < PATIENCE_MILLIS) {
            healthy = follow(claims);
            // For a moment, something may have happened to all.
            kept = keeper().isPresent() ? System.nanoTime() : kept;
            if (Await.millisSince(last) >= pause && disturb()) {
                done++;
                last = System.nanoTime();
                pause = another ? 0 : random.nextInt(LONGEST_PAUSE_MILLIS);
            }
            Thread.sleep(POLL_MILLIS);
        }
        claims.claim(done == wanted, "the run ended after " + done + " events");
        while (healthy && places.stream().anyMatch(place -> place.hit != null)) {
            healthy = follow(claims);
            Thread.sleep(POLL_MILLIS);
        }
        if (healthy) {
            compare(claims, end(claims));
        }
        figures(claims);
    }

    /** All members are told to stop at once: some leave, and the last ones save. Returns the steps that were done. */
    private int end(Case claims) throws InterruptedException {
        places.stream().filter(place -> !place.takesPart()).forEach(place -> place.shell.end());
        // No evaluation is under way then, which would be left to a run that resumes.
        Await.closely(PATIENCE_MILLIS, () -> Chaos.isEarlyInEpoch(run));
        members().forEach(place -> place.shell.signal(Signal.TERM));
        for (Place place : places) {
            int code = place.takesPart() ? place.shell.exitCode() : 0;
            claims.claim(
                    code == 0 || code == STOPPED,
                    "told to stop with all: process " + place.number + " ended with " + code);
        }
        return run.result().path("steps").asInt();
    }

    private void compare(Case claims, int steps) throws IOException, InterruptedException {
        RunFolder untouched = stage.run("untouched-" + seed);
        stage.require(Chaos.train(stage, steps, untouched, "--procs", "1"), "untouched-" + seed + ".log");
        Chaos.sameRun(claims, steps, run, untouched);
        claims.figure("steps", steps);
    }

    /** The member that keeps the group; a guess until the next one has said so. */
    private Optional<Place> keeper() {
        List<Place> members = members();
        Optional<Place> known = members.stream()
                .filter(place -> place.shell.log().says("keeps the group now"))
                .findFirst();
        return known.or(() -> members.stream().min(Comparator.comparingInt(place -> place.number)));
    }

    /** How many processes the group has, as its file says. */
    private long listed() {
        return new Log(run.path().resolve("group.txt")).count("^process ");
    }

    private List<Place> members() {
        return places.stream()
                .filter(place -> place.takesPart() && place.shell.isAlive())
                .toList();
    }

    /** Does what follows from earlier events; returns whether all is as it should be. */
    private boolean follow(Case claims) throws Exception {
        for (Place place : places) {
            boolean ended = !place.shell.isAlive();
            What hit = place.hit;
            if (hit == What.FROZEN && !place.awake && place.isFor(AWAKE_AFTER_MILLIS)) {
                place.shell.signal(Signal.CONT);
                place.awake = true;
                say("process " + place.number + " is woken up");
            }
            if (!ended && place.awake && place.isFor(AWAKE_AFTER_MILLIS + UNNOTICED_MILLIS)) {
                // It slept while the group gathered anew, and was awake in time: it takes part.
                place.hit = null;
                place.awake = false;
                unnoticed++;
            } else if (ended && hit != null) {
                boolean tooLate = hit == What.TOLD && place.shell.exitCode() == LOST;
                givenUp += tooLate ? 1 : 0;
                claims.claim(
                        place.shell.exitCode() == hit.exitCode || tooLate,
                        hit.words + ": process " + place.number + " ended with " + place.shell.exitCode());
                if (hit == What.CUT) {
                    network.reconnect(place.host);
                }
            } else if (ended && place.takesPart()) {
                if (run.hasResult()) {
                    return true;
                }
                // On a busy machine it may have been silent for too long: the others have given it up.
                claims.claim(
                        place.shell.exitCode() == LOST,
                        "process " + place.number + " ended: "
                                + place.shell.log().lastLine());
            } else if (!ended && !place.takesPart() && place.isFor(PATIENCE_MILLIS)) {
                claims.claim(
                        false,
                        "process " + place.number + " neither ends nor joins: "
                                + place.shell.log().lastLine());
                return false;
            }
            if (ended) {
                say("process " + place.number + " has ended with " + place.shell.exitCode()
                        + (hit == null && place.takesPart() ? ", given up though alive" : ""));
                boolean wasMember = place.takesPart();
                givenUp += hit == null && wasMember ? 1 : 0;
                again += hit == null && !wasMember ? 1 : 0;
                place.begin();
            }
        }
        return true;
    }

    /** Something happens to a member, if enough others are left. */
    private boolean disturb() throws IOException, InterruptedException {
        List<Place> members = members();
        // One that is not hit may be given up too: a keeper that wakes up in time continues with those that have not
        // left it.
        long hit = places.stream().filter(place -> place.hit != null).count();
        if (members.size() <= LEAST || listed() - hit <= LEAST + 1) {
            return false;
        }
        When drawn = another ? When.CHANGE : When.values()[random.nextInt(When.values().length)];
        When when = await(drawn);
        // If nothing was under way, the next one is to fall into the change that follows from this one.
        another = drawn == When.CHANGE && when != When.CHANGE;
        What what = What.values()[random.nextInt(What.values().length)];
        Place victim = members.get(random.nextInt(members.size()));
        if (!victim.shell.isAlive()) {
            return false;
        }
        boolean keeps = keeper().orElseThrow() == victim;
        keepers += keeps ? 1 : 0;
        say("process " + victim.number + (keeps ? ", the keeper, is " : " is ") + what.words + " " + when.words);
        victim.hit = what;
        victim.since = System.nanoTime();
        switch (what) {
            case KILLED -> victim.shell.signal(Signal.KILL);
            case TOLD -> victim.shell.signal(Signal.TERM);
            case FROZEN -> victim.shell.signal(Signal.STOP);
            case CUT -> network.cut(victim.host);
        }
        kinds.merge(what, 1, Integer::sum);
        moments.merge(when, 1, Integer::sum);
        return true;
    }

    /** Waits for a moment of this kind; returns which one it is. */
    private When await(When when) throws InterruptedException {
        boolean found = switch (when) {
            case ANY -> true;
            case CHECKPOINT -> Await.closely(5000, run::writing);
            case EVALUATION -> Await.within(10_000, () -> Chaos.evaluates(run));
            case CHANGE -> changesSoon();
        };
        return found ? when : When.ANY;
    }

    /** If the group is about to change, waits for it and a moment more. */
    private boolean changesSoon() throws InterruptedException {
        if (places.stream()
                .noneMatch(place -> place.hit != null && !place.isFor(place.unnoticedMillis() + CHANGE_MILLIS))) {
            return false;
        }
        Await.closely(
                1000 * PEER_TIMEOUT_SECONDS,
                () -> places.stream().anyMatch(place -> place.hit != null && place.isFor(place.unnoticedMillis())));
        Thread.sleep(random.nextInt(CHANGE_MILLIS));
        return true;
    }

    private void figures(Case claims) {
        for (What what : What.values()) {
            claims.figure(what.words, kinds.getOrDefault(what, 0));
        }
        for (When when : When.values()) {
            claims.figure(when.words, moments.getOrDefault(when, 0));
        }
        claims.figure("of them, the keeper", keepers);
        claims.figure("processes", started);
        claims.figure("had to be started twice", again);
        claims.figure("frozen, not missed", unnoticed);
        claims.figure("given up, though alive", givenUp);
        List<Double> lost = new ArrayList<>();
        IntStream.range(0, started)
                .mapToObj(number -> new Log(stage.path(log(number))))
                .flatMap(log -> log.lines().stream())
                .map(Chaos.CONTINUED::matcher)
                .filter(Matcher::find)
                .forEach(found -> lost.add(Double.valueOf(found.group(3))));
        claims.figure("changes", lost.size());
        claims.figure("median s", Chaos.seconds(lost, 0.5));
        claims.figure("most s", Chaos.seconds(lost, 1));
        claims.figure("weights", run.weights());
    }
}
