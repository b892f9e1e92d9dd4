package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.LocalNetwork;
import dev.lockstep.evidence.process.Log;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.SlurmCluster;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A real Slurm with two nodes. */
final class LaunchedBySlurm {
    private final Stage stage;
    private final Launchers launchers;
    private final LocalNetwork network;

    LaunchedBySlurm(Stage stage, Launchers launchers, LocalNetwork network) {
        this.stage = stage;
        this.launchers = launchers;
        this.network = network;
    }

    private Optional<SlurmCluster> cluster() throws IOException {
        if (!Stage.has("slurmctld", "slurm-wlm", "munge")) {
            stage.report().skip("Slurm", "slurm-wlm cannot be installed");
            return Optional.empty();
        }
        return Optional.of(SlurmCluster.start(stage, List.of(network.host(0), network.host(1))));
    }

    void play() throws IOException {
        cluster().ifPresent(this::play);
    }

    void playFaults() throws IOException {
        cluster().ifPresent(this::playFaults);
    }

    private void playFaults(SlurmCluster slurm) {
        Command srun = slurm.command("srun", "-N2", "-n4");
        launchers.elastic("Slurm: process killed, srun -N2 -n3, --elastic 1:3", slurm.command("srun", "-N2", "-n3"));
        launchers.stopped(
                "Slurm: told to stop, scancel --signal=TERM of srun -N2 -n4",
                srun,
                running -> slurm.tell("scancel", "--signal=TERM", slurm.tell("squeue", "-h", "-o", "%i")));
        // srun waits for news of a task on the other node that was lost with the cable.
        launchers.cut(
                "Slurm",
                network,
                (out, options) -> List.of(stage.start(
                        srun.with(launchers.trainWithCheckpoints(out, options).words()),
                        out.path().getFileName() + ".log")),
                () -> slurm.tell("scancel", slurm.tell("squeue", "-h", "-o", "%i")));
    }

    private void play(SlurmCluster slurm) {
        RunFolder run = stage.run("srun");
        Command srun = slurm.command("srun", "-N2", "-n4");
        launchers.undisturbed(
                "Slurm: undisturbed, srun -N2 -n4",
                srun.with(launchers.train(run).words()),
                run,
                4);
        launchers.delayed("Slurm", network, (cable, out) -> {
            Command command = srun.with(launchers.trainWithCheckpoints(out).words());
            return List.of(stage.start(command.env("MASTER_ADDR", cable.address(0)), "srun-delayed.log"));
        });
        withoutSrun(slurm);
        killed(slurm);
        canceled(slurm);
        requeued(slurm);
    }

    private Path script(String name, Command command) throws IOException {
        return Files.writeString(
                stage.path(name + ".sbatch"), "#!/bin/sh\n" + String.join(" ", command.words()) + "\n");
    }

    private Command srun(Command command) {
        return Command.of("exec", "srun").with(command.words());
    }

    private void withoutSrun(SlurmCluster slurm) {
        stage.check("Slurm: wrong use, sbatch -N2 -n4 without srun", "refused in words, nothing trained", claims -> {
            RunFolder run = stage.run("without-srun");
            Log log = new Log(stage.path("without-srun.log"));
            String job = submit(slurm, script("without-srun", launchers.train(run)), log.path());
            claims.claim(ends(slurm, job), "does not end");
            claims.claim(log.says("^error: SLURM_NTASKS = 4 but srun did not start this process"), "not said");
            claims.claim(!Files.exists(run.path()), "trained");
        });
    }

    private static boolean ends(SlurmCluster slurm, String job) {
        return Await.within(
                120_000,
                () -> !List.of("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")
                        .contains(slurm.state(job)));
    }

    private static String submit(SlurmCluster slurm, Path script, Path output) {
        return slurm.submit(List.of("-N2", "-n4", "-o", output.toString(), script.toString()));
    }

    private String submit(SlurmCluster slurm, RunFolder run, String name) throws IOException {
        Command train = launchers.trainWithCheckpoints(run);
        return submit(slurm, script(name, srun(train)), stage.path(name + ".log"));
    }

    private void killed(SlurmCluster slurm) {
        stage.check("Slurm: process killed, srun -N2 -n4", "all end, resumed to the same weights", claims -> {
            RunFolder run = stage.run("killed-task");
            Command command = slurm.command("srun", "-N2", "-n4")
                    .with(launchers.trainWithCheckpoints(run).words());
            Running srun = stage.start(command, "killed-task.log");
            Launchers.awaitStep(claims, run, 6);
            List<ProcessHandle> tasks = run.trainers();
            claims.equal("processes", 4, tasks.size());
            tasks.get(3).destroyForcibly();
            claims.claim(srun.exitCode() != 0, "srun succeeded");
            claims.claim(
                    Await.within(5000, () -> tasks.stream().noneMatch(ProcessHandle::isAlive)), "processes are left");
            launchers.resumes(claims, run, command);
        });
    }

    private void canceled(SlurmCluster slurm) {
        stage.check(
                "Slurm: told to stop, scancel of an sbatch job",
                "saved and ended, a new job resumes, same weights",
                claims -> {
                    RunFolder run = stage.run("canceled");
                    String job = submit(slurm, run, "canceled");
                    Launchers.awaitStep(claims, run, 6);
                    slurm.tell("scancel", job);
                    claims.claim(Await.within(60_000, run::hasStopped), "not saved");
                    claims.claim(ends(slurm, job), "does not end");
                    claims.figure("saved after step", run.newest());
                    claims.claim(
                            run.result().path("steps").asInt() == run.newest(),
                            "the result is not of the newest checkpoint");
                    claims.claim(ends(slurm, submit(slurm, run, "resumed")), "does not end");
                    resumed(claims, new Log(stage.path("resumed.log")), run);
                });
    }

    private void resumed(Case claims, Log log, RunFolder run) {
        claims.claim(log.says("resuming at step [1-9]"), "the step is not said");
        launchers.processes(claims, run, 4);
        launchers.sameWeights(claims, run);
    }

    /** With the template of the documents, in a folder that stands for a checkout. */
    private void requeued(SlurmCluster slurm) {
        stage.check(
                "Slurm: told to stop, train.sbatch with --resume never, scontrol requeue",
                "resumes from the newest checkpoint by itself, same weights",
                claims -> {
                    Files.createSymbolicLink(
                            stage.path("lockstep"), stage.checkout().launcher());
                    String[] size = {"--nodes=2", "--ntasks-per-node=2", "--cpus-per-task=1"};
                    List<String> words = new ArrayList<>(List.of(size));
                    words.addAll(List.of("--chdir=" + stage.path(""), "--output=" + stage.path("requeued.log")));
                    words.add(stage.checkout()
                            .home()
                            .resolve("docs/launchers/train.sbatch")
                            .toString());
                    words.add(stage.checkout().recipe("fashion-mnist.yaml").toString());
                    words.addAll(
                            List.of("--stop-after", Launchers.FEWER, "--checkpoint-every", "3", "--resume", "never"));
                    String job = slurm.submit(words);
                    RunFolder run = stage.run("runs/slurm-" + job);
                    Launchers.awaitStep(claims, run, 6);
                    slurm.tell("scontrol", "requeue", job);
                    claims.claim(Await.within(60_000, () -> slurm.state(job).equals("PENDING")), "not requeued");
                    // Slurm would wait two minutes. A second is the least: a node takes no credential as old as the end
                    // of the first start.
                    Await.sleep(5000);
                    slurm.tell("scontrol", "update", "JobId=" + job, "StartTime=now");
                    claims.claim(Await.within(180_000, () -> !slurm.state(job).equals("PENDING")), "not started again");
                    claims.claim(ends(slurm, job), "does not end");
                    resumed(claims, new Log(stage.path("requeued.log")), run);
                });
    }
}
