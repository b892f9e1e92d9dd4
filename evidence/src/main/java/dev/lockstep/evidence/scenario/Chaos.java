package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Elastic runs in which processes are killed, stopped and told to leave at random moments, sometimes two at once, and are
 * replaced: no step is lost or done twice, and the final state is that of an undisturbed run.
 */
final class Chaos {
    private static final int IMAGES = 6400;
    private static final int MINIBATCH = 64;
    private static final int STEPS_PER_EPOCH = IMAGES / MINIBATCH;
    private static final int STEPS = 500;
    private static final int STEPS_PER_EVENT = 200;
    private static final int FIRST = 4;
    private static final int MOST = 6;
    private static final int PEER_TIMEOUT_SECONDS = 2;
    private static final int SEEDS = 3;
    /** Shorter than it takes to start a process, so that some events fall into a change of the group. */
    private static final int LONGEST_PAUSE_MILLIS = 6000;

    static final Pattern CONTINUED =
            Pattern.compile("; ([0-9]+) process(?:es)? continues? from step ([0-9]+) after ([0-9.]+) s");
    private static final Pattern STEP = Pattern.compile("\"type\":\"step\",\"step\":([0-9]+),");

    private final Stage stage;
    private final int wanted;
    private final int steps;
    private final Random random;
    private final String[] counted = {"killed", "two killed", "stopped", "told to leave"};
    private final int[] counts = new int[counted.length];
    private int reports;
    private int unreported;

    private Chaos(Stage stage, Settings settings, long seed) {
        this.stage = stage;
        this.wanted = settings.kills();
        this.steps = steps(settings);
        this.random = new Random(seed);
    }

    /** Enough for the events on a machine that is not busy. */
    private static int steps(Settings settings) {
        return STEPS + STEPS_PER_EVENT * settings.kills();
    }

    static void play(Stage stage, Settings settings) throws Exception {
        RunFolder untouched = stage.run("untouched");
        stage.require(train(stage, steps(settings), untouched, "--procs", "1"), "untouched.log");
        for (long seed = settings.seed(); seed < settings.seed() + SEEDS; seed++) {
            Chaos chaos = new Chaos(stage, settings, seed);
            RunFolder run = stage.run("chaos-" + seed);
            stage.check(
                    "seed " + seed + ": " + settings.kills() + " events, up to " + MOST + " processes",
                    "exit code 0, every step once, evaluations and all tensors of the undisturbed run",
                    claims -> chaos.run(claims, run, untouched));
        }
    }

    static Command train(Stage stage, int steps, RunFolder out, String... more) {
        return stage.train(
                        "fashion-mnist.yaml",
                        out,
                        "--set",
                        "data.dataset=synthetic:images=" + IMAGES + ",validation=512,shape=1x8x8,classes=10",
                        "--set",
                        "epochs=1000",
                        "--set",
                        "learning-rate.schedule.epochs=[900]",
                        "--set",
                        "images-per-worker=8",
                        "--stop-after",
                        Integer.toString(steps),
                        "--lanes",
                        "1",
                        "--checkpoint-every",
                        "30")
                .with(more);
    }

    private void run(Case claims, RunFolder run, RunFolder untouched) throws IOException, InterruptedException {
        Running launcher = stage.start(
                train(
                        stage,
                        steps,
                        run,
                        "--procs",
                        Integer.toString(FIRST),
                        "--elastic",
                        "1:" + MOST,
                        "--peer-timeout",
                        Integer.toString(PEER_TIMEOUT_SECONDS)),
                run.path().getFileName() + ".log");
        boolean started = Await.within(60_000, () -> run.metrics().says("\"type\":\"step\""));
        claims.claim(started, "no first step");
        int done = 0;
        while (done < wanted && launcher.isAlive()) {
            done += disturb(launcher);
            Thread.sleep(random.nextInt(LONGEST_PAUSE_MILLIS));
        }
        SmallRuns.exits(claims, launcher, 0);
        claims.claim(done == wanted, "the run ended after " + done + " events");
        sameRun(claims, steps, run, untouched);
        figures(claims, launcher, run);
    }

    /** No step is lost or done twice, and all is as in the undisturbed run. */
    static void sameRun(Case claims, int steps, RunFolder run, RunFolder untouched) {
        List<Integer> done = run.metrics().lines().stream()
                .map(STEP::matcher)
                .filter(Matcher::find)
                .map(step -> Integer.valueOf(step.group(1)))
                .toList();
        claims.claim(
                done.equals(IntStream.rangeClosed(1, steps).boxed().toList()),
                "steps are lost or repeated: " + done.size());
        claims.claim(run.evaluations().equals(untouched.evaluations()), "other evaluations");
        claims.claim(run.sameAs(untouched), "other tensors");
    }

    /** Whether the last step of an epoch is done, but its evaluation is not. */
    static boolean evaluates(RunFolder run) {
        Matcher step = STEP.matcher(run.metrics().tail());
        return step.find() && Integer.parseInt(step.group(1)) % STEPS_PER_EPOCH == 0;
    }

    /** Whether the next evaluation is neither under way nor near. */
    static boolean isEarlyInEpoch(RunFolder run) {
        Matcher step = STEP.matcher(run.metrics().tail());
        int inEpoch = step.find() ? Integer.parseInt(step.group(1)) % STEPS_PER_EPOCH : 0;
        return inEpoch > 0 && inEpoch < STEPS_PER_EPOCH / 2;
    }

    /** Disturbs the group if enough members are left; returns how many events that was. */
    private int disturb(Running launcher) {
        int members = certainMembers(launcher);
        List<Member> alive = launcher.anyRanks();
        if (members < 2 || alive.size() < 2) {
            return 0;
        }
        Member first = alive.get(random.nextInt(alive.size()));
        int kind = random.nextInt(10);
        if (kind > 6) {
            first.signal(Signal.TERM);
            counts[3]++;
            unreported++;
        } else if (kind == 0) {
            first.signal(Signal.STOP);
            counts[2]++;
            unreported++;
        } else if (kind < 4 && members > 2) {
            Member second = alive.get(random.nextInt(alive.size()));
            first.signal(Signal.KILL);
            second.signal(Signal.KILL);
            counts[1]++;
            unreported += 2;
        } else {
            first.signal(Signal.KILL);
            counts[0]++;
            unreported++;
        }
        return 1;
    }

    /** The members of the last change that was reported, less those that were disturbed since. */
    private int certainMembers(Running launcher) {
        List<Integer> sizes = new ArrayList<>();
        sizes.add(FIRST);
        launcher.log().lines().forEach(line -> {
            Matcher continued = CONTINUED.matcher(line);
            if (continued.find()) {
                sizes.add(Integer.valueOf(continued.group(1)));
            }
        });
        if (sizes.size() > reports) {
            reports = sizes.size();
            unreported = 0;
        }
        return sizes.get(sizes.size() - 1) - unreported;
    }

    private void figures(Case claims, Running launcher, RunFolder run) {
        List<Double> lost = new ArrayList<>();
        List<Double> joins = new ArrayList<>();
        for (String line : launcher.log().lines()) {
            Matcher continued = CONTINUED.matcher(line);
            if (continued.find()) {
                (line.startsWith("process") && line.contains("join") ? joins : lost)
                        .add(Double.valueOf(continued.group(3)));
            }
        }
        for (int i = 0; i < counted.length; i++) {
            claims.figure(counted[i], counts[i]);
        }
        claims.figure("losses", lost.size());
        claims.figure("median s", seconds(lost, 0.5));
        claims.figure("most s", seconds(lost, 1));
        claims.figure("joins", joins.size());
        claims.figure("median s to join", seconds(joins, 0.5));
        claims.figure("weights", run.weights());
    }

    static String seconds(List<Double> values, double share) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty()
                ? "none"
                : String.format(Locale.ROOT, "%.2f", sorted.get((int) (share * (sorted.size() - 1))));
    }
}
