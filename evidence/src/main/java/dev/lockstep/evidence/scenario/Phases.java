package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.Phase;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A process of a group of our launcher is killed or stopped. */
final class Phases {
    private static final int TRIES = 5;

    private final Stage stage;
    private final SmallRuns runs;

    Phases(Stage stage, SmallRuns runs) {
        this.stage = stage;
        this.runs = runs;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Phases phases = new Phases(stage, new SmallRuns(stage));
        for (Signal signal : List.of(Signal.KILL, Signal.STOP)) {
            for (int victim = 0; victim < 2; victim++) {
                for (Phase phase : Phase.values()) {
                    phases.fault(signal, victim, phase, 2);
                }
            }
        }
        phases.fault(Signal.KILL, 2, Phase.STEP, 4);
        phases.fault(Signal.STOP, 0, Phase.STEP, 4);
    }

    /** A run whose victim was hit in the phase. */
    private record Hit(RunFolder run, Running launcher, List<Member> ranks, long since) {}

    private Hit hit(Signal signal, int victim, Phase phase, int processes) throws IOException {
        for (int attempt = 1; attempt <= TRIES; attempt++) {
            String name = "%s-%d-%s-%d-%d"
                    .formatted(signal, victim, phase, processes, attempt)
                    .toLowerCase(Locale.ROOT);
            RunFolder run = stage.run(name);
            Running launcher = runs.launch(run, SmallRuns.patient(processes));
            List<Member> ranks = launcher.ranks(processes);
            if (phase.await(run, ranks.get(0))) {
                ranks.get(victim).signal(signal);
                long since = System.nanoTime();
                if (phase.wasHit(run)) {
                    return new Hit(run, launcher, ranks, since);
                }
            }
            launcher.end();
        }
        throw new IllegalStateException("the phase was missed " + TRIES + " times");
    }

    /** Hits a rank in a phase; every survivor must name it, all must end, and the run must resume to the same weights. */
    void fault(Signal signal, int victim, Phase phase, int processes) {
        stage.check(
                "SIG%s of rank %d of %d, %s".formatted(signal, victim, processes, phase),
                "named by all with rank, host and cause, exit code 4, nobody left, resumed to the same weights",
                claims -> {
                    Hit hit = hit(signal, victim, phase, processes);
                    String cause = SmallRuns.cause(signal) + ", (last log lines: .+|its log is empty), see "
                            + hit.run.rankLog(victim).path();
                    for (int rank = 0; rank < processes; rank++) {
                        if (rank != victim) {
                            SmallRuns.names(
                                    claims,
                                    hit.run.rankLog(rank),
                                    "rank " + rank,
                                    victim,
                                    SmallRuns.host(),
                                    cause,
                                    hit.since,
                                    SmallRuns.allowed(signal));
                        }
                    }
                    took(claims, hit.since, SmallRuns.allowed(signal));
                    List<Member> all = new ArrayList<>(hit.ranks);
                    all.add(hit.launcher);
                    SmallRuns.gone(claims, all);
                    SmallRuns.exits(claims, hit.launcher, 4);
                    claims.claim(
                            hit.launcher.log().says("^error: rank " + victim + " on " + SmallRuns.host() + " " + cause),
                            "the launcher did not name it");
                    runs.resume(claims, hit.run, "--procs", "1", "--lanes", "2");
                    claims.claim(hit.run.superseded() == 0, "not resumed from the newest checkpoint");
                });
    }

    static void took(Case claims, long since, long allowed) {
        long took = Await.millisSince(since);
        claims.figure("named after, ms", took);
        claims.claim(took <= allowed, "named after " + took + " ms");
    }

    /** A rank that is stopped before it has joined. */
    static void playStart(Stage stage, Settings settings) throws Exception {
        SmallRuns runs = new SmallRuns(stage);
        stage.check(
                "SIGSTOP of rank 1 of 2 right after its start",
                "named by rank 0 and the launcher, exit code 4, nobody left, resumed to the same weights",
                claims -> {
                    RunFolder run = stage.run("start");
                    Running launcher = runs.launch(run, SmallRuns.patient(2));
                    List<Member> ranks = new ArrayList<>(launcher.ranks(2));
                    ranks.get(1).signal(Signal.STOP);
                    long since = System.nanoTime();
                    String cause = "(did not start within 60 s|" + SmallRuns.cause(Signal.STOP) + "), ";
                    String host = SmallRuns.host();
                    long allowed = 60_000 + SmallRuns.LIMIT;
                    SmallRuns.names(claims, launcher.log(), "the launcher", 1, host, cause, since, allowed);
                    took(claims, since, allowed);
                    SmallRuns.names(claims, run.rankLog(0), "rank 0", 1, host, cause, since, allowed);
                    ranks.add(launcher);
                    SmallRuns.gone(claims, ranks);
                    SmallRuns.exits(claims, launcher, 4);
                    runs.resume(claims, run);
                });
    }
}
