package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Jdk;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A third host attacks a group to which it does not belong: reads, writes, injects, floods. The first two train
 * together, as under a launcher that sets RANK etc., with a secret; then the first trains alone with --procs 2. The
 * weights must be those of an undisturbed run.
 */
final class Attacks {
    private static final String STEPS = "700";
    private static final int PORT = 29_571;

    private final Stage stage;
    private final LocalNetwork network;

    private Attacks(Stage stage, LocalNetwork network) {
        this.stage = stage;
        this.network = network;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Optional<LocalNetwork> network = stage.network(3, "10.77.1");
        if (network.isEmpty()) {
            stage.report().skip("attacks", "network namespaces need root and iproute2");
            return;
        }
        Attacks attacks = new Attacks(stage, network.get());
        RunFolder alone = stage.run("alone");
        stage.require(stage.train("fashion-mnist.yaml", alone, "--stop-after", STEPS, "--procs", "2"), "alone.log");
        attacks.group(alone.weights());
        attacks.localGroup();
    }

    /** The output of the third host. */
    private List<String> attacker(String name, String... arguments) throws IOException, InterruptedException {
        Running attacker = stage.complete(
                Command.of(
                                Jdk.tool("java"),
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Attacker.class.getName())
                        .with(arguments)
                        .on(network.host(2)),
                name);
        if (attacker.exitCode() != 0) {
            throw new IllegalStateException(
                    "the attacker failed: " + attacker.log().lastLine());
        }
        return attacker.log().lines();
    }

    private String scan(String name, int host) throws IOException, InterruptedException {
        List<String> ports = attacker(name, "scan", network.host(host).address());
        return String.join(" ", ports).strip();
    }

    private static boolean awaitFirstStep(RunFolder run) {
        return Await.within(60_000, () -> run.metrics().says("\"type\":\"step\""));
    }

    private Running start(RunFolder run, int rank, Path secret) throws IOException {
        return stage.start(
                stage.train("fashion-mnist.yaml", run, "--stop-after", STEPS, "--lanes", "1")
                        .env("RANK", Integer.toString(rank))
                        .env("LOCAL_RANK", "0")
                        .env("WORLD_SIZE", "2")
                        .env("MASTER_ADDR", network.host(0).address())
                        .env("MASTER_PORT", Integer.toString(PORT))
                        .env("LOCKSTEP_GROUP_SECRET", secret.toString())
                        .on(network.host(rank)),
                "group." + rank + ".log");
    }

    private void group(String expected) {
        stage.check(
                "two hosts with a secret, attacked by a third",
                "still training when the attacks end, the weights of an undisturbed run, one notice, "
                        + "no escape sequence in the logs, less than 64 MiB and at most 64 descriptors more",
                claims -> {
                    RunFolder run = stage.run("group");
                    Path secret = SmallRuns.secret(stage);
                    Running one = start(run, 1, secret);
                    Running zero = start(run, 0, secret);
                    claims.claim(awaitFirstStep(run), "no first step");
                    claims.equal("open on the host of rank 0", Integer.toString(PORT), scan("scan-0", 0));
                    claims.equal("open on the host of rank 1", "", scan("scan-1", 1));
                    long memory = residentKib(zero);
                    long files = descriptors(zero);
                    for (String line :
                            attacker("attack", "attack", network.host(0).address(), "" + PORT)) {
                        int colon = line.indexOf(": ");
                        Case attack = new Case("attack: " + line.substring(0, colon), "no effect on the group");
                        attack.figure("the attacker saw", line.substring(colon + 2));
                        stage.report().add(attack);
                    }
                    claims.claim(zero.isAlive(), "the group had ended before the attacks did");
                    long more = residentKib(zero) - memory;
                    long moreFiles = descriptors(zero) - files;
                    claims.figure("KiB more on rank 0", more);
                    claims.figure("descriptors more on rank 0", moreFiles);
                    claims.claim(more < 65_536, "memory");
                    claims.claim(moreFiles <= 64, "descriptors");
                    SmallRuns.exits(claims, zero, 0);
                    SmallRuns.exits(claims, one, 0);
                    claims.equal("notices", 1, zero.log().count("^notice: refused"));
                    claims.claim(!zero.log().says("\u001b") && !one.log().says("\u001b"), "an escape sequence");
                    claims.claim(run.weights().equals(expected) && !expected.isEmpty(), "other weights");
                });
    }

    private static long residentKib(Running process) {
        return Long.parseLong(process.status("VmRSS").orElse("0 kB").replace(" kB", ""));
    }

    private static long descriptors(Running process) {
        String[] names = process.file("fd").toFile().list();
        return names == null ? 0 : names.length;
    }

    private void localGroup() {
        stage.check("a host that trains with --procs 2", "no port open to others", claims -> {
            RunFolder run = stage.run("local");
            Running launcher = stage.start(
                    stage.train("fashion-mnist.yaml", run, "--stop-after", "200", "--procs", "2")
                            .on(network.host(0)),
                    "local.log");
            claims.claim(awaitFirstStep(run), "no first step");
            String open = scan("scan-local", 0);
            claims.claim(open.isEmpty(), "open: " + open);
            SmallRuns.exits(claims, launcher, 0);
        });
    }
}
