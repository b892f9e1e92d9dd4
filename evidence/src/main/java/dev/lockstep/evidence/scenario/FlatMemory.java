package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.Leak;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Whether the memory of a long run is flat: trains the shipped recipe, takes the peak of each process in each epoch, its
 * evaluation included, and how much it grows from one epoch to the next, see {@link Growth}. Eight epochs come first
 * as warm-up. A peak is the kernel's own (VmHWM, reset where an epoch begins), without mapped files. Heaps have a
 * fixed size and are resident from the start, so that only native memory can grow: libtorch's tensors, the
 * connections' buffers, and what the JVM itself keeps outside the heap, which its native memory tracking separates.
 */
final class FlatMemory {
    private static final int WARM = 8;

    /**
     * The JVM's optimizing compiler is off: it allocates and frees up to 12 MiB in minute-long runs, whenever it
     * compiles a large method; so are the classes that it makes for methods that reflection has called 15 times, some
     * of them once per epoch.
     */
    private static final String JVM = "-Xms192m -Xmx192m -XX:+AlwaysPreTouch -XX:TieredStopAtLevel=1 "
            + "-Dsun.reflect.inflationThreshold=2147483647 -XX:NativeMemoryTracking=summary";

    private static final Pattern EPOCH = Pattern.compile("\"step\":(\\d+).*\"epoch\":(\\d+)");
    private static final Pattern KIB = Pattern.compile("committed=(\\d+)KB");

    private final Stage stage;
    private final Settings settings;
    private final int procs;
    private final int last;
    private final List<Integer> steps = new ArrayList<>();
    private final List<List<Long>> peaks = new ArrayList<>();
    private final List<Long> jvmBefore = new ArrayList<>();
    private final List<Long> jvmAfter = new ArrayList<>();

    private FlatMemory(Stage stage, Settings settings) {
        this.stage = stage;
        this.settings = settings;
        procs = settings.procs().isEmpty() ? 2 : settings.procs().get(0);
        last = WARM + settings.epochs();
    }

    static void play(Stage stage, Settings settings) throws Exception {
        new FlatMemory(stage, settings).play();
    }

    private void play() throws Exception {
        observe(stage.run("run"));
        for (int rank = 0; rank < procs; rank++) {
            int of = rank;
            String leak = settings.leak() > 0 ? ", losing " + settings.leak() + " KiB per second" : "";
            stage.check(
                    "rank %d of %d%s".formatted(rank, procs, leak),
                    settings.leak() > 0 ? "the leak is detected" : "no growth beyond noise",
                    claims -> judge(claims, of));
        }
    }

    private Command command(RunFolder run) throws IOException {
        String java = JVM;
        if (settings.leak() > 0) {
            java += " " + Leak.option(stage.path("leak.jar"), settings.leak());
        }
        // One extra epoch: the run is asked to stop at its beginning, before any work that only happens at
        // the end.
        return stage.train(
                        "fashion-mnist.yaml",
                        run,
                        "--procs",
                        Integer.toString(procs),
                        "--checkpoint-every",
                        "50",
                        "--set",
                        "epochs=" + (last + 1))
                .with(settings.options())
                // Small pages: with huge ones a touched corner counts as 2 MiB.
                .env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
                .env("LOCKSTEP_JAVA_OPTIONS", java);
    }

    private void observe(RunFolder run) throws Exception {
        Running launcher = stage.start(command(run), "run.log");
        int epoch = 0;
        while (epoch < last) {
            if (!launcher.isAlive()) {
                throw new IllegalStateException(
                        "the run ended early: " + launcher.log().lastLine());
            }
            Await.sleep(100);
            Matcher line = EPOCH.matcher(lastLine(run));
            if (!line.find() || Integer.parseInt(line.group(2)) <= epoch) {
                continue;
            }
            epoch = Integer.parseInt(line.group(2));
            newEpoch(epoch, Integer.parseInt(line.group(1)), ranks(launcher));
        }
        launcher.signal(Signal.TERM);
        int code = launcher.exitCode();
        if (code != 143) {
            throw new IllegalStateException("the run failed: " + launcher.log().lastLine());
        }
    }

    private static String lastLine(RunFolder run) {
        return run.metrics().lastLine();
    }

    private List<? extends Member> ranks(Running launcher) {
        return procs == 1 ? List.of(launcher) : launcher.ranks(procs);
    }

    private void newEpoch(int epoch, int step, List<? extends Member> ranks) throws IOException {
        if (epoch >= WARM) {
            steps.add(step);
            peaks.add(ranks.stream().map(FlatMemory::peak).toList());
        }
        for (Member rank : ranks) {
            // The first query starts a thread.
            if (epoch == 1) {
                jvmKib(rank);
            } else if (epoch == WARM) {
                jvmBefore.add(jvmKib(rank));
            } else if (epoch == last) {
                jvmAfter.add(jvmKib(rank));
            }
            Files.writeString(rank.file("clear_refs"), "5\n");
        }
    }

    /** The peak of a process since it was last reset, without mapped files, KiB. */
    private static long peak(Member process) {
        return kib(process, "VmHWM") - kib(process, "RssFile");
    }

    private static long kib(Member process, String key) {
        return Long.parseLong(process.status(key).orElseThrow().replace(" kB", ""));
    }

    /** What the JVM itself has outside its heap, KiB, by its native memory tracking. */
    private static long jvmKib(Member process) {
        long total = 0;
        long heap = 0;
        for (String line :
                Jdk.jcmd(process, "VM.native_memory", "summary").lines().toList()) {
            Matcher committed = KIB.matcher(line);
            if (line.startsWith("Total:") && committed.find()) {
                total = Long.parseLong(committed.group(1));
            } else if (line.contains("Java Heap (") && committed.find()) {
                heap = Long.parseLong(committed.group(1));
            }
        }
        return total - heap;
    }

    private void judge(Case claims, int rank) {
        long[] own = peaks.stream().mapToLong(ranks -> ranks.get(rank)).toArray();
        int count = steps.get(steps.size() - 1) - steps.get(0);
        Growth growth = Growth.of(own, count);
        claims.figure("epochs", own.length - 1);
        claims.figure("steps", count);
        claims.figure("KiB per step", signed(growth.perStep()) + " ± " + plain(growth.error()));
        claims.figure("noise", plain(growth.noise()));
        claims.figure("median", signed(growth.median()));
        claims.figure("first peak, MiB", String.format(Locale.ROOT, "%.1f", own[0] / 1024.0));
        claims.figure("last peak, MiB", String.format(Locale.ROOT, "%.1f", own[own.length - 1] / 1024.0));
        claims.figure("the JVM's own account, KiB", jvmAfter.get(rank) - jvmBefore.get(rank));
        claims.equal("verdict", settings.leak() > 0 ? "GROWS" : "flat", growth.verdict());
        stage.report()
                .note("peaks, KiB: "
                        + peaks.stream()
                                .map(ranks -> ranks.get(rank).toString())
                                .collect(Collectors.joining(" ")));
    }

    private static String plain(double kib) {
        return String.format(Locale.ROOT, "%.2f", kib);
    }

    private static String signed(double kib) {
        return String.format(Locale.ROOT, "%+.2f", kib);
    }
}
