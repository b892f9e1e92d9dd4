package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Host;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Open MPI's mpirun and MPICH's mpiexec on this host. */
final class LaunchedByMpi {
    private static final Command MPIRUN = Command.of("mpirun.openmpi", "--allow-run-as-root", "--oversubscribe");
    private static final Command MPIEXEC = Command.of("mpiexec.hydra");

    private final Stage stage;
    private final Launchers launchers;

    LaunchedByMpi(Stage stage, Launchers launchers) {
        this.stage = stage;
        this.launchers = launchers;
    }

    void play() {
        if (Stage.has("mpirun.openmpi", "openmpi-bin")) {
            both("Open MPI", MPIRUN.with("-np", "2"));
        } else {
            stage.report().skip("Open MPI", "openmpi-bin cannot be installed");
        }
        if (Stage.has("mpiexec.hydra", "mpich")) {
            both("MPICH", MPIEXEC.with("-np", "2"));
        } else {
            stage.report().skip("MPICH", "mpich cannot be installed");
        }
    }

    void playFaults(Optional<LocalNetwork> network) throws IOException {
        if (Stage.has("mpirun.openmpi", "openmpi-bin")) {
            launchers.elastic(
                    "Open MPI: process killed, --enable-recovery, P = 3, --elastic 1:3",
                    MPIRUN.with("--enable-recovery", "-np", "3"));
            launchers.stopped(
                    "Open MPI: told to stop, SIGTERM to mpirun with 5 s of grace, P = 2",
                    MPIRUN.with("--mca", "odls_base_sigkill_timeout", "5", "-np", "2"));
        }
        if (Stage.has("mpiexec.hydra", "mpich")) {
            launchers.stopped("MPICH: told to stop, SIGTERM to mpiexec.hydra, P = 2", MPIEXEC.with("-np", "2"));
        }
        if (network.isPresent()) {
            Host first = network.get().host(0);
            for (OnTwoHosts mpi : onTwoHosts(network.get())) {
                launchers.cut(mpi.name, network.get(), (run, options) -> {
                    Command train = launchers.trainWithCheckpoints(run, options);
                    return List.of(stage.start(
                            mpi.at(first.address()).with(train.words()),
                            run.path().getFileName() + ".log"));
                });
            }
        }
    }

    private void both(String name, Command mpi) {
        String program = mpi.words().get(0);
        RunFolder plain = stage.run(program);
        launchers.undisturbed(
                name + ": undisturbed, " + program + ", P = 2",
                mpi.with(launchers.train(plain).words()),
                plain,
                2);
        stage.check(name + ": process killed, P = 2", "all end, resumed to the same weights", claims -> {
            RunFolder run = stage.run(program + "-killed");
            Command command = mpi.with(launchers.trainWithCheckpoints(run).words());
            Running running = stage.start(command, program + "-killed.log");
            Launchers.awaitStep(claims, run, 6);
            List<Member> both = running.javas(2);
            both.get(1).signal(Signal.KILL);
            claims.claim(running.exitCode() != 0, "it succeeded");
            SmallRuns.gone(claims, both);
            launchers.resumes(claims, run, command);
        });
    }

    void playOn(LocalNetwork network) throws IOException {
        for (OnTwoHosts mpi : onTwoHosts(network)) {
            RunFolder plain = stage.run(mpi.name.replace(' ', '-') + "-two");
            launchers.undisturbed(
                    mpi.name + ": undisturbed, two hosts, P = 4",
                    mpi.at(network.host(0).address())
                            .with(launchers.train(plain).words()),
                    plain,
                    4);
            launchers.delayed(
                    mpi.name,
                    network,
                    (cable, run) -> List.of(stage.start(
                            mpi.at(cable.address(0))
                                    .with(launchers.trainWithCheckpoints(run).words()),
                            run.path().getFileName() + ".log")));
        }
    }

    /** Both start their daemons on the other host by a script in place of ssh. */
    private List<OnTwoHosts> onTwoHosts(LocalNetwork network) throws IOException {
        List<OnTwoHosts> both = new ArrayList<>();
        String shell = Host.remoteShell(stage.path("mpi-shell")).toString();
        String first = network.host(0).name();
        String second = network.host(1).name();
        if (Stage.has("mpirun.openmpi")) {
            Command mpirun = MPIRUN.with("--bind-to", "none")
                    .with("--mca", "plm_rsh_agent", shell, "--host", first + ":2," + second + ":2", "-np", "4")
                    .on(network.host(0));
            both.add(new OnTwoHosts("Open MPI", mpirun, "-x"));
        }
        if (Stage.has("mpiexec.hydra")) {
            Command mpiexec = MPIEXEC.with("-launcher", "ssh", "-launcher-exec", shell)
                    .with("-hosts", first + "," + second, "-ppn", "2", "-n", "4")
                    .on(network.host(0));
            both.add(new OnTwoHosts("MPICH", mpiexec, "-genv"));
        }
        return both;
    }

    /**
     * Starts four processes on two hosts.
     *
     * @param passing the option that passes a variable on
     */
    private record OnTwoHosts(String name, Command mpi, String passing) {
        /** With the address at which rank 0 is reached. */
        Command at(String master) {
            return passing.equals("-x")
                    ? mpi.with("-x", "MASTER_ADDR=" + master)
                    : mpi.with(passing, "MASTER_ADDR", master);
        }
    }
}
