package dev.lockstep.evidence.scenario;

import java.util.List;
import java.util.Optional;

/** All scenarios. */
public final class Scenarios {
    public static final List<Scenario> ALL = List.of(
            evidence("quick", "the shortest cases of the others, for mvn verify", Quick::play),
            evidence(
                    "bitwise",
                    "the same weights for every number of processes, lanes and loader threads",
                    Bitwise::play),
            evidence("engines", "the same of the oneDNN engine, in float32 and bf16", EngineBits::play),
            evidence("uneven", "a process of half the speed, with and without moving workers", Uneven::play),
            fault("phases", "a process is killed or stopped in a step, an evaluation, a checkpoint", Phases::play),
            fault("start", "a process is stopped before it has joined", Phases::playStart),
            fault("bit-flip", "a bit flips in the memory of one process", BitFlip::play),
            fault("damage", "checkpoints are cut short or have a flipped bit", DamagedCheckpoints::play),
            fault("disk", "the disk is full (needs root)", FullDisk::play),
            fault("folder", "two runs use the same folder", SharedFolder::play),
            fault("restarts", "--max-restarts after a process was killed or stopped", Restarts::play),
            fault(
                    "signals",
                    "SIGTERM, Ctrl-C and hang-up, in a step and in an evaluation, once and twice",
                    Signals::play),
            fault("refusals", "a checkpoint of another recipe, a loss that is not finite", Refusals::play),
            fault("hosted", "groups that another launcher starts", Hosted::play),
            evidence(
                    "launchers",
                    "torchrun, Slurm, Open MPI, MPICH and our own start a group (installs them; needs root)",
                    Launchers::play),
            evidence(
                    "launcher-faults",
                    "elastic runs, launchers that are told to stop, and pulled cables under torchrun, Slurm, Open MPI, MPICH",
                    Launchers::playFaults),
            fault("network", "groups on two hosts, and a disconnected cable (needs root)", Hosted::playNetwork),
            evidence("storage", "data and run folders on S3, HDFS and GCS, whose servers are killed", Storage::play),
            evidence(
                    "storage-delay",
                    "epochs of shards from a store at 20 ms and 1 Gb/s, against the local disk",
                    StorageDelay::play),
            evidence("soak", "random kills, each resumed on another number of processes", Soak::play),
            evidence("chaos", "processes of elastic runs are killed, stopped and replaced at random", Chaos::play),
            evidence(
                    "chaos-hosts",
                    "the same on hosts without a launcher, with cut cables (needs root)",
                    ChaosHosts::play),
            evidence(
                    "elastic-times",
                    "seconds from a loss to the next step; what a process holds that survives many",
                    ElasticTimes::play),
            evidence(
                    "elastic-cost",
                    "steps of an elastic run when nothing happens, against those of a run that is not elastic",
                    ElasticCost::play),
            evidence("gpu-load", "libtorch for CUDA loads, and refuses where there is no driver", GpuLoad::play),
            evidence(
                    "watching",
                    "a Prometheus server and Perfetto's trace processor read what runs write",
                    Watching::play),
            evidence(
                    "watch-cost",
                    "a step with everything on against everything off; the memory of a server over 100,000 events",
                    WatchCost::play),
            evidence("alerts", "each alert, made to happen, in each place that shows it", AlertsHappen::play),
            evidence("memory", "the memory of a long run is flat", FlatMemory::play),
            evidence("attacks", "a third host attacks a group (needs root)", Attacks::play),
            evidence("attack-tests", "counts the attacks among the tests of the last mvn verify", AttackTests::play),
            evidence("unpack-kills", "first starts are killed while the native libraries unpack", UnpackKills::play),
            evidence(
                    "noise-scale",
                    "the gradient noise scale does not depend on the number of workers",
                    NoiseScale::play),
            evidence(
                    "fine-tuning",
                    "a torchvision checkpoint of some classes, fine-tuned on few images of others",
                    FineTuning::play),
            evidence("spark", "jobs of a real Spark, undisturbed and with kills; the estimator", SparkJobs::play),
            evidence(
                    "photographs",
                    "photographs of one's own, from init to export; digits with plain defaults",
                    OwnPhotographs::play),
            evidence(
                    "wallpapers",
                    "parts of wallpapers, from init to five seeds against a PyTorch script",
                    OwnPhotographs::playWallpapers),
            evidence(
                    "screens",
                    "each state of a run in terminals of 60, 80 and 120 columns (installs tmux)",
                    TerminalScreens::play),
            evidence("commands", "every command line of the documents that one machine can run", TypedCommands::play),
            evidence("imagenet", "ImageNet's path from end to end on photographs", ImageNet::play));

    private Scenarios() {}

    private static Scenario evidence(String name, String about, Scenario.Play play) {
        return new Scenario(name, about, false, play);
    }

    private static Scenario fault(String name, String about, Scenario.Play play) {
        return new Scenario(name, about, true, play);
    }

    public static Optional<Scenario> find(String name) {
        return ALL.stream().filter(one -> one.name().equals(name)).findFirst();
    }
}
