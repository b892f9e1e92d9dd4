package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Whether an interrupted first start leaves anything that breaks the next one: ends a JVM at random moments while it
 * unpacks the real libraries into an empty cache, by SIGKILL and by SIGINT (Ctrl-C) in turns, and then starts three
 * processes at once, which must all load libtorch.
 */
final class UnpackKills {
    private static final String PROBE = "dev.lockstep.cli.doctor.NativeProbe";

    /** Of 458 MiB. */
    private static final int LATEST = 430;

    private final Stage stage;
    private final Path cache;
    private final String classPath;

    private UnpackKills(Stage stage) throws IOException {
        this.stage = stage;
        cache = stage.path("cache");
        classPath = classPath(stage);
    }

    static void play(Stage stage, Settings settings) throws Exception {
        UnpackKills kills = new UnpackKills(stage);
        Random random = new Random(settings.seed());
        for (int kill = 1; kill <= settings.kills(); kill++) {
            Signal signal = kill % 2 == 1 ? Signal.KILL : Signal.INT;
            int moment = random.nextInt(LATEST);
            int number = kill;
            stage.check(
                    "kill %d: SIG%s".formatted(kill, signal),
                    "cut off, then three starts at once load, nothing unfinished is left",
                    claims -> kills.kill(claims, number, signal, moment));
        }
    }

    /** The class path that the launcher gives its JVM, read from a running one. */
    private static String classPath(Stage stage) throws IOException {
        Running doctor = stage.start(stage.lockstep("doctor"), "doctor.log");
        List<String> words = new ArrayList<>();
        Await.within(60_000, () -> {
            words.clear();
            words.addAll(commandLine(doctor));
            return words.contains("-cp") || !doctor.isAlive();
        });
        doctor.end();
        if (!words.contains("-cp")) {
            throw new IllegalStateException(
                    "the launcher's class path was not found: " + doctor.log().lastLine());
        }
        return words.get(words.indexOf("-cp") + 1);
    }

    private static List<String> commandLine(Running process) {
        try {
            return List.of(Files.readString(process.file("cmdline")).split("\0"));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** A JVM that loads libtorch, as the doctor does. */
    private Running probe(String name) throws IOException {
        return stage.start(
                Command.of(Jdk.tool("java"), "-XX:ErrorFile=" + stage.path(name + ".crash"), "-cp", classPath, PROBE)
                        .env("LC_ALL", "C.UTF-8")
                        .env("LOCKSTEP_CACHE", cache.toString()),
                name);
    }

    private void kill(Case claims, int number, Signal signal, int moment) throws IOException, InterruptedException {
        Stage.delete(cache);
        Running first = probe("cut-" + number);
        Await.within(600_000, () -> !first.isAlive() || unpackedMib() >= moment);
        first.signal(signal);
        int code = first.exitCode();
        claims.figure("MiB there", unpackedMib());
        claims.figure("unfinished folders", unfinished());
        claims.claim(code > 128, "it had ended before, with exit code " + code);
        List<Running> next = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            next.add(probe("after-" + number + "-" + i));
        }
        int loaded = 0;
        for (Running process : next) {
            if (process.exitCode() == 0 && process.log().says("\"libtorch\"")) {
                loaded++;
            }
            claims.claim(!Files.exists(Path.of(process.log().path() + ".crash")), "a JVM crashed");
        }
        claims.equal("then load", 3, loaded);
        claims.claim(unfinished() == 0, "unfinished folders are left");
    }

    private int unpackedMib() {
        try (Stream<Path> files = Files.walk(cache)) {
            return (int) (files.mapToLong(file -> file.toFile().length()).sum() >> 20);
        } catch (IOException | UncheckedIOException e) {
            // Not there yet, or a file has just been renamed.
            return 0;
        }
    }

    private int unfinished() {
        try (Stream<Path> files = Files.walk(cache)) {
            return (int) files.filter(file -> file.getFileName().toString().startsWith(".unpacking-"))
                    .count();
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }
}
