package dev.lockstep.cli.command;

import dev.lockstep.cli.Main;
import dev.lockstep.cli.Signals;
import dev.lockstep.cli.terminal.ProgressSink;
import dev.lockstep.collective.Collective;
import dev.lockstep.collective.Collectives;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.launch.Job;
import dev.lockstep.launch.LocalLauncher;
import dev.lockstep.launch.Node;
import dev.lockstep.launch.NodeLauncher;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.natives.NativeLibraries;
import dev.lockstep.network.Networks;
import dev.lockstep.plan.Checks;
import dev.lockstep.plan.Finding;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import dev.lockstep.supervise.GroupFile;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.text.ShellWords;
import dev.lockstep.torch.Devices;
import dev.lockstep.torch.TorchRuntime;
import dev.lockstep.train.RunOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep train}: trains a recipe with processes on this machine, or as one process of a group. */
@Command(
        name = "train",
        description = "Trains a network by distributed synchronous SGD.",
        footer = {
            "",
            "Example:",
            "  lockstep train recipes/fashion-mnist.yaml --procs 2 --set workers=16",
            "Started by torchrun, srun, mpirun or another launcher, joins that group; see 'lockstep doctor'."
        })
public final class TrainCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipeArgument;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private TrainOptions options;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    private double noiseScale = Double.NaN;
    /** Validation errors of the epochs of this session. */
    private final List<Double> errors = new ArrayList<>();

    private int classes;

    @Override
    public Integer call() {
        options.check();
        Recipe written = recipeArgument.read();
        Networks.named(written.model());
        StartOption.Start start = options.startOf(options.withEngine(written));
        Recipe recipe = start.recipe();
        ModelFactory models = start.models();
        Path out = options.out().orElseGet(() -> defaultFolder(recipe));
        requireInputStays(out, recipe);
        // Checked before any process waits for others with which it could not compute.
        Optional<Node> node = Node.from(System.getenv());
        options.requireWorkers(recipe, node.isPresent() ? node.get().size() : size());
        if (node.isPresent()) {
            return launch(node.get(), out);
        }
        if (!Collectives.isInGroup()
                && (options.processes() > 1
                        || options.maxRestarts() > 0
                        || options.elastic().isPresent())) {
            // So that only one process fetches it.
            options.open(recipe);
            try (WatchBeside watch = WatchBeside.start(options.isWatched(), out)) {
                return launch(out);
            }
        }
        options.checkInGroup();
        if (options.elastic().isPresent()) {
            // The others need not wait for it when this process joins them later.
            TorchRuntime.load();
        }
        // Joins the group first: while one process still looks for its data, the others can monitor it.
        List<MemberEvent> members = new CopyOnWriteArrayList<>();
        try (Signals signals = new Signals();
                Collective group = Collectives.fromEnvironment(
                        options.groupOptions()
                                .withFile(out.resolve(GroupFile.NAME))
                                .withEvents(event -> happened(event, members, signals)),
                        new HaltOnFailure())) {
            return train(recipe, models, group, members, signals, out);
        }
    }

    private static void happened(MemberEvent event, List<MemberEvent> members, Signals signals) {
        if (event.what() == MemberEvent.What.STOPPING) {
            signals.stop().request();
        } else {
            members.add(event);
        }
    }

    private int size() {
        return Collectives.sizeInEnvironment().orElse(options.processes());
    }

    /** The run folder gets its own recipe, with every default written out. */
    private void requireInputStays(Path out, Recipe recipe) {
        Path written = out.resolve("recipe.yaml");
        try {
            if (Files.exists(written)
                    && Files.isSameFile(written, recipeArgument.file())
                    && !Files.readString(written).equals(recipe.toYaml())) {
                throw LockstepException.recipe(
                        "training would overwrite its own recipe",
                        "recipe = " + recipeArgument.file() + ", --out = " + out,
                        "give another --out");
            }
        } catch (IOException e) {
            throw LockstepException.recipe("recipe cannot be read: " + e, "file = " + written, "give another --out");
        }
        Training.requireOwn(out, recipe);
    }

    private List<String> arguments(Path out) {
        List<String> arguments =
                new ArrayList<>(spec.root().commandLine().getParseResult().originalArgs());
        if (options.out().isEmpty()) {
            arguments.addAll(List.of("--out", out.toString()));
        }
        return arguments;
    }

    /** Runs this command in the processes that the launcher expects this one to start. */
    private int launch(Node node, Path out) {
        options.checkInGroup();
        NativeLibraries.unpack();
        return new NodeLauncher(Main.class.getName(), Map.of(), System.err)
                .elastic(options.elastic().isPresent())
                .run(node, arguments(out));
    }

    /** Runs this command in P processes. */
    private int launch(Path out) {
        Path work = Training.workFolder(out);
        LocalLauncher launcher =
                new LocalLauncher(Main.class.getName(), NativeLibraries::unpack, System.out, System.err);
        if (options.elastic().isPresent()) {
            return launcher.run(
                    options.processes(),
                    RestartArguments.of(arguments(out), work.resolve("checkpoints")),
                    work.resolve("logs"),
                    options.peerTimeout(),
                    options.elastic().get());
        }
        return launcher.run(
                options.processes(),
                RestartArguments.of(arguments(out), work.resolve("checkpoints")),
                work.resolve("logs"),
                options.peerTimeout(),
                options.maxRestarts());
    }

    private int train(
            Recipe recipe,
            ModelFactory models,
            Collective group,
            List<MemberEvent> members,
            Signals signals,
            Path out) {
        Devices.Choice chosen = options.device(group);
        if (group.rank() == 0) {
            chosen.why().ifPresent(System.err::println);
        }
        RunOptions run = options.runOptions(recipe, group, chosen.device());
        Training training = Training.create(recipe, models, () -> open(recipe, group, signals), group)
                .options(run)
                .stopOn(signals.stop())
                .arguments(options.files())
                .listenerFactory(this::tuneHint)
                .listener(this::hear)
                .listener(ProgressSink.onStandardError());
        if (options.elastic().isPresent()) {
            signals.leaveWith(training::leave);
            training.listenerFactory(TrainCommand::takesPart);
        }
        options.listeners().forEach(training::listenerFactory);
        members.forEach(member -> training.tell(new Event.Membership(
                member.rank(), member.host(), member.what().name().toLowerCase(Locale.ROOT))));
        RunResult result;
        boolean watched = options.isWatched()
                && group.rank() == 0
                && (!Collectives.isInGroup() || Collectives.isInGroupOfAnother());
        try (WatchBeside watch = WatchBeside.start(watched, Training.workFolder(out))) {
            result = options.start(training, out);
        }
        if (training.hasLeft()) {
            System.err.println("left the group after step " + result.steps() + "; the others continue");
            return 0;
        }
        if (training.group().rank() == 0) {
            System.out.println(
                    json
                            ? result.toJson()
                            : Announcement.summary(recipe, result, noiseScale, errors, out, options.dataArguments()));
        }
        return signals.exitCode(result, run.stopAfter());
    }

    private Optional<RunListener> tuneHint(RunInfo run, Consumer<String> notices) {
        if (run.rank() != 0) {
            return Optional.empty();
        }
        List<String> words = new ArrayList<>(
                List.of("lockstep", "tune", recipeArgument.file().toString()));
        words.addAll(options.dataArguments());
        words.addAll(options.startArguments());
        return Optional.of(new TuneHint(run, classes, ShellWords.join(words), notices));
    }

    /** Who has started a process to join a group sees in its own terminal that it has. */
    private static Optional<RunListener> takesPart(RunInfo run, Consumer<String> notices) {
        if (run.rank() != 0 && run.step() > 0) {
            System.err.println("this process takes part from step " + run.step() + ", as rank " + run.rank() + " of "
                    + run.processes());
        }
        return Optional.empty();
    }

    private void hear(Event event) {
        if (event instanceof Event.Started started) {
            Announcement.of(started.run()).forEach(System.err::println);
        } else if (event instanceof Event.Finished finished) {
            noiseScale = finished.noiseScale();
        } else if (event instanceof Event.Epoch epoch) {
            errors.add(epoch.metrics().validationTop1Error());
        }
    }

    /** Until the data is ready, a signal ends the process at once. */
    private OpenDataset open(Recipe recipe, Collective group, Signals signals) {
        OpenDataset data = options.open(recipe);
        classes = data.classes();
        if (group.rank() == 0) {
            for (Dataset set : List.of(data.training(), data.validation())) {
                if (set.skippedFiles().count() > 0) {
                    System.err.println(
                            "skipped " + Printable.of(set.skippedFiles().summary(3), 1000));
                }
            }
            check(recipe, data);
        }
        signals.handle();
        return data;
    }

    private void check(Recipe recipe, OpenDataset data) {
        List<Finding> findings = Checks.run(recipe, data.training().size());
        findings.stream()
                .filter(Finding::isWarning)
                .forEach(finding -> System.err.println("warning: " + finding.line()));
        if (options.isStrict()) {
            Checks.requireNoWarnings(findings);
        }
    }

    /** Under a scheduler, the job's: the same for all of its processes, and again when it is requeued. */
    private static Path defaultFolder(Recipe recipe) {
        Optional<String> job = Job.from(System.getenv()).map(Job::name).filter(name -> !name.isEmpty());
        if (job.isPresent()) {
            return Path.of("runs", recipe.name() + "-" + job.get());
        }
        String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
        return Path.of("runs", recipe.name() + "-" + time);
    }
}
