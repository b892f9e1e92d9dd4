package dev.lockstep.evidence.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A real Slurm on the hosts of a network: munged, slurmctld on the first host, and a slurmd on each. */
public final class SlurmCluster {
    private static final int KEY_BYTES = 1024;
    private static final int CONTROLLER_PORT = 17_817;
    private static final int NODE_PORT = 17_821;

    private final Stage stage;
    private final Path folder;
    private final Host head;

    private SlurmCluster(Stage stage, Path folder, Host head) {
        this.stage = stage;
        this.folder = folder;
        this.head = head;
    }

    /** Starts all daemons, and waits until every node is idle. */
    public static SlurmCluster start(Stage stage, List<Host> hosts) throws IOException {
        Path folder = Files.createDirectories(stage.path("slurm"));
        // munged refuses folders that others may write to, and its users must reach the socket.
        for (Path each : List.of(stage.path(""), folder)) {
            Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        Path keyFile = Files.write(folder.resolve("key"), key);
        Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("rw-------"));
        SlurmCluster cluster = new SlurmCluster(stage, folder, hosts.get(0));
        Files.writeString(cluster.configuration(), cluster.configuration(hosts));
        // Named, because slurmd would look for it in /sys/fs/cgroup, which 'ip netns exec' hides; nothing here uses it.
        Files.writeString(folder.resolve("cgroup.conf"), "CgroupPlugin=cgroup/v1\n");
        stage.start(
                Command.of("munged", "--foreground", "--force", "--key-file=" + keyFile)
                        .with("--socket=" + folder.resolve("munge"), "--pid-file=" + folder.resolve("munge.pid"))
                        .with(
                                "--log-file=" + folder.resolve("munge.log"),
                                "--seed-file=" + folder.resolve("munge.seed")),
                "munged.log");
        Await.within(10_000, () -> Files.exists(folder.resolve("munge")));
        String file = cluster.configuration().toString();
        stage.start(Command.of("slurmctld", "-D", "-f", file).on(cluster.head), "slurmctld.log");
        for (Host host : hosts) {
            stage.start(
                    Command.of("slurmd", "-D", "-f", file, "-N", host.name()).on(host), host.name() + ".log");
        }
        if (!Await.within(
                60_000,
                () -> cluster.tell("sinfo", "-h", "-t", "idle", "-o", "%D").equals("" + hosts.size()))) {
            throw new IllegalStateException("Slurm's nodes are not idle: " + cluster.tell("sinfo"));
        }
        return cluster;
    }

    private Path configuration() {
        return folder.resolve("slurm.conf");
    }

    private String configuration(List<Host> hosts) throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "ClusterName=lockstep",
                "SlurmctldHost=" + head.name() + "(" + head.address() + ")",
                "SlurmctldPort=" + CONTROLLER_PORT,
                "AuthType=auth/munge",
                "AuthInfo=socket=" + folder.resolve("munge"),
                "SlurmUser=root",
                "StateSaveLocation=" + Files.createDirectories(folder.resolve("state")),
                "SlurmdSpoolDir=" + folder.resolve("spool-%n"),
                "SlurmctldPidFile=" + folder.resolve("slurmctld.pid"),
                "SlurmdPidFile=" + folder.resolve("slurmd-%n.pid"),
                "ProctrackType=proctrack/linuxproc",
                "TaskPlugin=task/none",
                "SelectType=select/cons_tres",
                "SelectTypeParameters=CR_CPU",
                "ReturnToService=2",
                "MpiDefault=none",
                "JobRequeue=1"));
        for (Host host : hosts) {
            lines.add(String.format(
                    Locale.ROOT,
                    "NodeName=%s NodeHostname=%s NodeAddr=%s Port=%d CPUs=2",
                    host.name(),
                    host.name(),
                    host.address(),
                    NODE_PORT));
            Files.createDirectories(folder.resolve("spool-" + host.name()));
        }
        lines.add("PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP");
        return String.join("\n", lines) + "\n";
    }

    /** A command of Slurm's, on the first host. */
    public Command command(String... words) {
        return Command.of(words).env("SLURM_CONF", configuration().toString()).on(head);
    }

    /** The output of such a command. */
    public String tell(String... words) {
        String log = "slurm-" + words[0] + ".log";
        try {
            Files.deleteIfExists(stage.path(log));
            return String.join("\n", stage.complete(command(words), log).log().lines())
                    .strip();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Submits a script, with the words of sbatch; returns the job's number. */
    public String submit(List<String> words) {
        List<String> all = new ArrayList<>(List.of("sbatch", "--parsable"));
        all.addAll(words);
        return tell(all.toArray(String[]::new));
    }

    /** The state of a job, such as RUNNING. */
    public String state(String job) {
        return tell("scontrol", "-o", "show", "job", job).replaceAll("(?s).*JobState=(\\w+).*", "$1");
    }
}
