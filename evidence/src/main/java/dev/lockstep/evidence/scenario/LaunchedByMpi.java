package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
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
}
