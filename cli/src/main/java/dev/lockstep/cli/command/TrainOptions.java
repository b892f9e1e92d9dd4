package dev.lockstep.cli.command;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.Collectives;
import dev.lockstep.collective.GroupOptions;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.launch.Elastic;
import dev.lockstep.launch.Job;
import dev.lockstep.launch.Node;
import dev.lockstep.metrics.MlflowSink;
import dev.lockstep.metrics.RunListenerFactory;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.TraceSink;
import dev.lockstep.model.Engines;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import dev.lockstep.storage.Locations;
import dev.lockstep.topology.WorkerSplit;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.DeviceProvider;
import dev.lockstep.torch.Devices;
import dev.lockstep.train.RunOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of {@code train} that are not part of the recipe. */
final class TrainOptions {
    private static final int MOST_TRACED = 10_000;
    private static final String AUTO = "auto";

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private DataOption data;

    @Option(names = "--out", order = 2, paramLabel = "DIR", description = "Run folder (default: runs/<name>-<time>).")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--procs",
            order = 4,
            paramLabel = "P|auto",
            description = "Processes; auto is one for each card, or one (default: ${DEFAULT-VALUE}).")
    private String processes = "1";

    @Option(
            names = "--lanes",
            paramLabel = "L|auto",
            description =
                    "Compute threads per process; auto is cores / processes here / threads-per-worker, and on a card as"
                            + " many as its memory holds (default: ${DEFAULT-VALUE}).")
    private String lanes = AUTO;

    @Option(
            names = "--worker-split",
            paramLabel = "auto|equal|N0,N1,...",
            description = "Workers of each process; auto moves them to faster processes (default: ${DEFAULT-VALUE}).")
    private String workerSplit = "equal";

    @Option(
            names = "--loader-threads",
            paramLabel = "T",
            description = "Threads per process that load images (default: ${DEFAULT-VALUE}).")
    private int loaderThreads = 1;

    @Option(
            names = "--resume",
            order = 5,
            paramLabel = "auto|never|CHECKPOINT",
            description = "auto resumes from the newest good checkpoint in --out (default: ${DEFAULT-VALUE}).")
    private String resume = "auto";

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private StartOption start;

    @Option(
            names = "--stop-after",
            order = 8,
            paramLabel = "STEPS",
            description = "Save and stop after this many steps; 0 saves the initial weights.")
    private Optional<Long> stopAfter = Optional.empty();

    @Option(
            names = "--checkpoint-every",
            paramLabel = "STEPS",
            description = "Also save checkpoints within an epoch; one is always saved at its end.")
    private long checkpointEvery;

    @Option(names = "--keep", paramLabel = "N", description = "Checkpoints to keep (default: ${DEFAULT-VALUE}).")
    private int keep = 2;

    @Option(
            names = "--audit-every",
            paramLabel = "STEPS",
            description =
                    "Also compare state across processes every STEPS steps (default: only before each checkpoint).")
    private long auditEvery;

    @Option(
            names = "--bucket-mb",
            paramLabel = "MB",
            description = "Minimum size of the buckets in which gradients are sent (default: ${DEFAULT-VALUE}).")
    private double bucketMegabytes = 4;

    @Option(
            names = "--collective",
            paramLabel = "tree|native",
            description = "tree: bitwise the same for every P; native: c10d's all-reduce (default: ${DEFAULT-VALUE}).")
    private String collective = "tree";

    @Option(
            names = "--peer-timeout",
            paramLabel = "SECONDS",
            description = "A process that is silent for this long counts as failed (default: ${DEFAULT-VALUE}).")
    private long peerTimeout = 30;

    @Option(
            names = "--max-restarts",
            paramLabel = "R",
            description =
                    "Restart all processes from the newest good checkpoint when one fails (default: ${DEFAULT-VALUE}"
                            + " times).")
    private int maxRestarts;

    @Option(
            names = "--elastic",
            paramLabel = "MIN:MAX",
            description =
                    "Continue when a process is lost, without a restart, while at least MIN are left, and replace it.")
    private Optional<String> elastic = Optional.empty();

    @Option(names = "--no-replace", description = "With --elastic, leave the places of lost processes free.")
    private boolean leaveFree;

    @Option(
            names = "--skip-bad-images",
            description = "Replace images that cannot be read, and list them in metrics.jsonl, instead of stopping.")
    private boolean skipBadImages;

    @Option(names = "--strict", description = "Refuse a recipe that a check warns of; see 'lockstep plan'.")
    private boolean strict;

    @Option(
            names = "--device",
            paramLabel = "auto|cpu|cuda[:N]",
            description =
                    "Where to compute; auto is a card where one can be used, else the CPU (default: LOCKSTEP_DEVICE, or"
                            + " auto).")
    private Optional<String> device = Optional.empty();

    @Option(
            names = "--engine",
            paramLabel = "auto|libtorch|onednn",
            description =
                    "What computes the steps (default: the recipe's engine). auto is onednn where it is installed and"
                            + " can compute the network, else libtorch; part of the recipe.")
    private Optional<String> engine = Optional.empty();

    @Option(
            names = "--watch",
            order = 9,
            description = "Also serve a page about this run, as 'lockstep watch' does, and print its address.")
    private boolean watch;

    @Option(
            names = "--notify",
            paramLabel = "URL|COMMAND",
            description = "Also send alerts (a stall, a lost process, a full disk, …) to this address, as JSON, or to"
                    + " this command.")
    private Optional<String> notify = Optional.empty();

    @Option(
            names = "--mlflow",
            paramLabel = "URI",
            description = "Also report to this MLflow server, such as http://localhost:5000.")
    private Optional<String> mlflow = Optional.empty();

    @Option(
            names = "--trace",
            paramLabel = "STEPS",
            description = "Write trace-rank-R.json for Perfetto: what the lanes of each process do in so many steps.")
    private int trace;

    OpenDataset open(Recipe recipe) {
        return data.open(recipe.data());
    }

    /** The recipe with the engine that is asked for. */
    Recipe withEngine(Recipe recipe) {
        if (engine.isEmpty()) {
            return recipe;
        }
        return switch (engine.get()) {
            case "auto" -> recipe.withEngine(Engines.best(recipe));
            case "libtorch" -> recipe.withEngine(Recipe.Engine.LIBTORCH);
            case "onednn" -> recipe.withEngine(Recipe.Engine.ONEDNN);
            default ->
                throw LockstepException.recipe(
                        "--engine = " + engine.get(), "no such engine", "use auto, libtorch or onednn");
        };
    }

    StartOption.Start startOf(Recipe recipe) {
        return start.of(recipe);
    }

    /** The given options that name files, as {@link dev.lockstep.metrics.Environment#options} has them. */
    List<String> files() {
        List<String> files = new ArrayList<>(data.files());
        files.addAll(start.arguments());
        return files;
    }

    /** The options about the data. */
    List<String> dataArguments() {
        return data.arguments();
    }

    /** The options for the initial weights, as given. */
    List<String> startArguments() {
        return start.given();
    }

    /** Listeners that the user has asked for. */
    List<RunListenerFactory> listeners() {
        List<RunListenerFactory> listeners = new ArrayList<>(List.of(new AlertOutlets(notify)));
        mlflow.ifPresent(server -> listeners.add(MlflowSink.to(server)));
        if (trace > 0) {
            listeners.add(TraceSink.of(trace));
        }
        return listeners;
    }

    boolean isWatched() {
        return watch;
    }

    Optional<Path> out() {
        return out;
    }

    int processes() {
        return processes.equals(AUTO)
                ? Math.max(1, Devices.provider().map(DeviceProvider::count).orElse(0))
                : number("--procs", processes);
    }

    /** The given lanes; 0 for as many as fit. */
    private int lanes() {
        return lanes.equals(AUTO) ? 0 : number("--lanes", lanes);
    }

    private static int number(String option, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw LockstepException.recipe(
                    option + " = " + text + " is not a number", "", "give a whole number or auto");
        }
    }

    /** The device for a process, and why it was chosen if the user wants to know. */
    Devices.Choice device(Collective group) {
        Devices.Choice choice = Devices.choose(deviceName(), localRank(group));
        boolean asked = device.isPresent() || Devices.provider().isPresent();
        return asked ? choice : new Devices.Choice(choice.device(), Optional.empty());
    }

    private String deviceName() {
        return device.orElseGet(() -> Optional.ofNullable(System.getenv(Devices.VARIABLE))
                .filter(name -> !name.isEmpty())
                .orElse(AUTO));
    }

    private static int localRank(Collective group) {
        String given = System.getenv().getOrDefault("LOCAL_RANK", "");
        return given.matches("[0-9]{1,6}") ? Integer.parseInt(given) : group.rank() % group.processesHere();
    }

    boolean isStrict() {
        return strict;
    }

    GroupOptions groupOptions() {
        return GroupOptions.defaults()
                .withMode(collective.equals("native") ? Collectives.Mode.NATIVE : Collectives.Mode.TREE)
                .withPeerTimeout(peerTimeout())
                .withElastic(elastic());
    }

    Duration peerTimeout() {
        return Duration.ofSeconds(peerTimeout);
    }

    WorkerSplit workerSplit() {
        return WorkerSplit.parse(workerSplit);
    }

    Optional<Elastic> elastic() {
        return elastic.map(text -> Elastic.parse(text, !leaveFree));
    }

    int maxRestarts() {
        return maxRestarts;
    }

    /** Checks the options before anything starts. */
    void check() {
        data.limitCopies();
        atLeast("--procs", processes(), 1);
        atLeast("--lanes", lanes(), 0);
        atLeast("--loader-threads", loaderThreads, 1);
        workerSplit();
        stopAfter.ifPresent(steps -> atLeast("--stop-after", steps, 0));
        atLeast("--checkpoint-every", checkpointEvery, 0);
        atLeast("--keep", keep, 1);
        atLeast("--trace", trace, 0);
        if (trace > MOST_TRACED) {
            throw LockstepException.recipe(
                    "--trace = " + trace + " is too large", "", "give at most " + MOST_TRACED + " steps");
        }
        mlflow.ifPresent(MlflowSink::to);
        atLeast("--audit-every", auditEvery, 0);
        atLeast("--peer-timeout", peerTimeout, 1);
        atLeast("--max-restarts", maxRestarts, 0);
        elastic().ifPresent(asked -> requireElastic(asked, Collectives.sizeInEnvironment()));
        if (!(bucketMegabytes > 0 && bucketMegabytes <= 4096)) {
            throw LockstepException.recipe(
                    "--bucket-mb = " + bucketMegabytes + " is out of range", "", "give more than 0 and at most 4096");
        }
        if (resume.isEmpty()) {
            throw LockstepException.recipe("--resume is empty", "", "give auto, never or the file of a checkpoint");
        }
        if (!resume.equals("auto") && !resume.equals("never")) {
            Locations.path(resume);
        }
        if (!collective.equals("tree") && !collective.equals("native")) {
            throw LockstepException.recipe("--collective = " + collective, "no such collective", "use tree or native");
        }
        Devices.require(deviceName());
    }

    private void requireElastic(Elastic asked, OptionalInt inGroup) {
        // In a group, a process that joins later has a number beyond the present size.
        if (inGroup.isEmpty() && (processes() < asked.least() || processes() > asked.most())) {
            throw LockstepException.recipe(
                    "--procs = " + processes + " is not within --elastic = " + elastic.orElse(""),
                    "",
                    "start with at least " + asked.least() + " and at most " + asked.most() + " processes");
        }
        if (maxRestarts > 0) {
            throw LockstepException.recipe(
                    "--max-restarts = " + maxRestarts
                            + " with --elastic: lost processes are replaced without a restart",
                    "",
                    "leave --max-restarts out");
        }
        if (!workerSplit().sizes().isEmpty()) {
            throw LockstepException.recipe(
                    "--worker-split = " + workerSplit + " is for a fixed number of processes",
                    "--elastic = " + elastic.orElse(""),
                    "use --worker-split auto or equal");
        }
        if (collective.equals("native")) {
            throw LockstepException.recipe(
                    "--collective = native cannot continue when a process is lost", "", "use --collective tree");
        }
    }

    /** Checks that every process of the group would have a worker. */
    void requireWorkers(Recipe recipe, int size) {
        Optional<Elastic> asked = elastic();
        if (asked.isPresent() && asked.get().most() > recipe.workers()) {
            throw LockstepException.recipe(
                    "--elastic = " + elastic.orElse("") + " allows more processes than the recipe has workers",
                    "workers = " + recipe.workers(),
                    "use at most MIN:" + recipe.workers());
        }
        // The present size of an elastic group may be that of the lobby.
        if (asked.isEmpty()) {
            workerSplit().divide(recipe.workers(), size);
        }
    }

    private static void atLeast(String option, long value, long low) {
        if (value < low) {
            throw LockstepException.recipe(option + " = " + value + " is too small", "", "give at least " + low);
        }
    }

    /** Checks the options of a process of a group. */
    void checkInGroup() {
        if (maxRestarts > 0
                && (Collectives.isInGroupOfAnother()
                        || Node.from(System.getenv()).isPresent())) {
            throw LockstepException.recipe(
                    "--max-restarts = " + maxRestarts + " only applies to processes that Lockstep starts",
                    "launcher = " + Job.from(System.getenv()).map(Job::launcher).orElse("another"),
                    "leave it out and use that launcher's own restarts, as torchrun's --max-restarts");
        }
    }

    RunOptions runOptions(Recipe recipe, Collective group, Device device) {
        int cores = Runtime.getRuntime().availableProcessors();
        int own = Job.from(System.getenv()).map(Job::cores).orElse(0);
        int mine = own > 0 && group.size() > 1 ? Math.min(own, cores) : cores / group.processesHere();
        int standard = Math.max(1, mine / recipe.threadsPerWorker());
        WorkerSplit split = workerSplit();
        int most = split.moves()
                ? recipe.workers()
                : split.divide(recipe.workers(), group.size()).workersOf(group.rank());
        int fitting = device.memory().isPresent() ? RunOptions.LANES_THAT_FIT : Math.max(1, Math.min(standard, most));
        return new RunOptions(
                lanes() > 0 ? lanes() : fitting,
                loaderThreads,
                Math.max(1, Math.round(bucketMegabytes * (1 << 20) / Float.BYTES)),
                checkpointEvery,
                keep,
                auditEvery,
                stopAfter.orElse(-1L),
                workerSplit(),
                skipBadImages,
                device);
    }

    /** A requeued job continues: the given option was for its first start. */
    RunResult start(Training training, Path folder) {
        boolean again =
                Job.from(System.getenv()).filter(job -> job.restarts() > 0).isPresent();
        return switch (again ? "auto" : resume) {
            case "auto" -> training.resumeOrStart(folder);
            case "never" -> training.start(folder);
            default -> training.resume(folder, Locations.path(resume));
        };
    }
}
