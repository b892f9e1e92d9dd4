package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Member;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;

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
            openMpi();
        } else {
            stage.report().skip("Open MPI", "openmpi-bin cannot be installed");
        }
        if (Stage.has("mpiexec.hydra", "mpich")) {
            RunFolder run = stage.run("mpich");
            launchers.undisturbed(
                    "MPICH's mpiexec.hydra, P = 2",
                    Command.of("mpiexec.hydra", "-np", "2")
                            .with(launchers.train(run).words()),
                    run,
                    2);
        } else {
            stage.report().skip("MPICH", "mpich cannot be installed");
        }
    }

    private static Command mpirun(Command train) {
        return Command.of("mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "-np", "2")
                .with(train.words());
    }

    private void openMpi() {
        RunFolder plain = stage.run("mpirun");
        launchers.undisturbed("Open MPI's mpirun, P = 2", mpirun(launchers.train(plain)), plain, 2);
        stage.check("Open MPI's mpirun, SIGKILL of a process of 2", "all end, resumed to the same weights", claims -> {
            RunFolder run = stage.run("mpirun-killed");
            Command command = mpirun(launchers.trainWithCheckpoints(run));
            Running mpirun = stage.start(command, "mpirun-killed.log");
            Launchers.awaitStep(claims, run, 6);
            Member victim = mpirun.javas(2).get(1);
            victim.signal(Signal.KILL);
            claims.claim(mpirun.exitCode() != 0, "mpirun succeeded");
            Running again = stage.complete(command, "mpirun-resumed.log");
            SmallRuns.exits(claims, again, 0);
            claims.claim(again.log().says("resuming at step "), "started anew");
            launchers.sameWeights(claims, run);
        });
    }
}
