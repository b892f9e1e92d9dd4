package dev.lockstep.launch;

import dev.lockstep.supervise.Connection;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A process of a group without libtorch. Its arguments: a folder for facts, then {@code rank=deed} for some ranks. Deeds
 * come when all ranks are there; a rank without one waits for its end.
 */
final class FakeWorker {
    private FakeWorker() {}

    public static void main(String[] arguments) throws Exception {
        ParentWatch.startIfAsked();
        int rank = Integer.parseInt(System.getenv("RANK"));
        int size = Integer.parseInt(System.getenv("WORLD_SIZE"));
        Path facts = Path.of(arguments[0]);
        CountDownLatch asked = new CountDownLatch(1);
        new StopRequests(StopRequests.once("finishing this step and saving a checkpoint", asked::countDown));
        String deed = deed(arguments, rank);
        Files.writeString(
                facts.resolve("pid-" + rank),
                Long.toString(ProcessHandle.current().pid()));
        if (deed.equals("never connect")) {
            TimeUnit.HOURS.sleep(1);
        }
        PeerMonitor.Watcher launcher = PeerMonitor.Watcher.launcher(Duration.ofSeconds(3));
        PeerMonitor monitor = PeerMonitor.over(
                Connection.open(
                        () -> SupervisorAddress.from(System.getenv()).orElseThrow(),
                        GroupSecret.from(System.getenv()),
                        channel -> Place.of(rank, size, Place.SAME, 0).request(),
                        launcher.name(),
                        Duration.ofSeconds(30),
                        System.err::println),
                rank,
                launcher,
                FakeWorker::halt,
                asked::countDown,
                null);
        Files.writeString(facts.resolve("here-" + rank), "");
        while (!allThere(facts, size)) {
            Thread.sleep(20);
        }
        System.out.println("hello from rank " + rank);
        System.err.println("rank " + rank + " does: " + deed);
        perform(deed, facts, asked, monitor);
    }

    private static String deed(String[] arguments, int rank) {
        for (String argument : List.of(arguments).subList(1, arguments.length)) {
            if (argument.startsWith(rank + "=")) {
                return argument.substring(argument.indexOf('=') + 1);
            }
        }
        return "wait";
    }

    private static boolean allThere(Path facts, int size) {
        for (int rank = 0; rank < size; rank++) {
            if (!Files.exists(facts.resolve("here-" + rank))) {
                return false;
            }
        }
        return true;
    }

    private static void perform(String deed, Path facts, CountDownLatch asked, PeerMonitor monitor)
            throws IOException, InterruptedException {
        if (deed.startsWith("exit ")) {
            halt(monitor, Integer.parseInt(deed.substring(5)));
        } else if (deed.startsWith("say ")) {
            String[] words = deed.split(" ", 3);
            Thread.sleep(Long.parseLong(words[1]));
            System.err.println("error: " + words[2]);
            monitor.fail(words[2]);
            halt(monitor, 4);
        } else if (deed.startsWith("linger ")) {
            String[] words = deed.split(" ", 3);
            monitor.fail(words[2]);
            Thread.sleep(Long.parseLong(words[1]));
            Files.writeString(facts.resolve("saved"), "");
            halt(monitor, 3);
        } else if (deed.equals("fail once")) {
            if (Files.exists(facts.resolve("failed"))) {
                halt(monitor, 0);
            }
            Files.writeString(facts.resolve("failed"), "");
            signal("KILL");
        } else if (deed.equals("end after failure")) {
            if (Files.exists(facts.resolve("failed"))) {
                halt(monitor, 0);
            }
        } else if (deed.equals("leave and stop")) {
            monitor.close();
            signal("STOP");
        } else if (deed.startsWith("signal ")) {
            signal(deed.substring(7));
        } else if (deed.equals("deaf")) {
            await(asked);
            System.err.println("heard, but goes on");
            Files.writeString(facts.resolve("heard"), "");
            TimeUnit.HOURS.sleep(1);
        }
        await(asked);
        // The step, and the checkpoint.
        Thread.sleep(300);
        System.out.println("saved");
        halt(monitor, 143);
    }

    private static void await(CountDownLatch asked) throws InterruptedException {
        asked.await();
    }

    /** As the command line does. */
    private static void halt(GroupFailure failure) {
        System.err.println("error: " + failure.message());
        System.err.flush();
        Runtime.getRuntime().halt(4);
    }

    private static void halt(PeerMonitor monitor, int status) {
        System.out.flush();
        System.err.flush();
        if (status == 0 || status == 143) {
            monitor.close();
        }
        Runtime.getRuntime().halt(status);
    }

    private static void signal(String name) throws IOException, InterruptedException {
        System.err.flush();
        new ProcessBuilder(
                        "kill",
                        "-" + name,
                        Long.toString(ProcessHandle.current().pid()))
                .start()
                .waitFor();
        TimeUnit.HOURS.sleep(1);
    }
}
