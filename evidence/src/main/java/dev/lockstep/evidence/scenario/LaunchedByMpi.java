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
import java.util.List;

/** Open MPI's mpirun and MPICH's mpiexec on this host. */
final class LaunchedByMpi {
    private final Stage stage;
    private final Launchers launchers;

    LaunchedByMpi(Stage stage, Launchers launchers) {
        this.stage = stage;
        this.launchers = launchers;
    }

    void play() {
        if (Stage.has("mpirun.openmpi", "openmpi-bin")) {
            both("Open MPI", "mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "-np", "2");
        } else {
            stage.report().skip("Open MPI", "openmpi-bin cannot be installed");
        }
        if (Stage.has("mpiexec.hydra", "mpich")) {
            both("MPICH", "mpiexec.hydra", "-np", "2");
        } else {
            stage.report().skip("MPICH", "mpich cannot be installed");
        }
    }

    private void both(String name, String... words) {
        Command mpi = Command.of(words);
        RunFolder plain = stage.run(words[0]);
        launchers.undisturbed(
                name + ": undisturbed, " + words[0] + ", P = 2",
                mpi.with(launchers.train(plain).words()),
                plain,
                2);
        stage.check(name + ": process killed, P = 2", "all end, resumed to the same weights", claims -> {
            RunFolder run = stage.run(words[0] + "-killed");
            Command command = mpi.with(launchers.trainWithCheckpoints(run).words());
            Running running = stage.start(command, words[0] + "-killed.log");
            Launchers.awaitStep(claims, run, 6);
            List<Member> both = running.javas(2);
            both.get(1).signal(Signal.KILL);
            claims.claim(running.exitCode() != 0, "it succeeded");
            SmallRuns.gone(claims, both);
            launchers.resumes(claims, run, command);
        });
    }

    /** Both start their daemons on the other host by a script in place of ssh. */
    void playOn(LocalNetwork network) throws IOException {
        String shell = Host.remoteShell(stage.path("mpi-shell")).toString();
        String first = network.host(0).name();
        String second = network.host(1).name();
        if (Stage.has("mpirun.openmpi")) {
            Command mpirun = Command.of("mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none")
                    .with("--mca", "plm_rsh_agent", shell, "--host", first + ":2," + second + ":2", "-np", "4")
                    .on(network.host(0));
            onTwoHosts("Open MPI", network, mpirun, "-x");
        }
        if (Stage.has("mpiexec.hydra")) {
            Command mpiexec = Command.of("mpiexec.hydra", "-launcher", "ssh", "-launcher-exec", shell)
                    .with("-hosts", first + "," + second, "-ppn", "2", "-n", "4")
                    .on(network.host(0));
            onTwoHosts("MPICH", network, mpiexec, "-genv");
        }
    }

    private void onTwoHosts(String name, LocalNetwork network, Command mpi, String passing) {
        RunFolder plain = stage.run(name.replace(' ', '-') + "-two");
        launchers.undisturbed(
                name + ": undisturbed, two hosts, P = 4",
                masterAt(mpi, passing, network.host(0).address())
                        .with(launchers.train(plain).words()),
                plain,
                4);
        launchers.delayed(
                name,
                network,
                (cable, run) -> List.of(stage.start(
                        masterAt(mpi, passing, cable.address(0))
                                .with(launchers.trainWithCheckpoints(run).words()),
                        run.path().getFileName() + ".log")));
    }

    private static Command masterAt(Command mpi, String passing, String address) {
        return passing.equals("-x")
                ? mpi.with("-x", "MASTER_ADDR=" + address)
                : mpi.with(passing, "MASTER_ADDR", address);
    }
}
