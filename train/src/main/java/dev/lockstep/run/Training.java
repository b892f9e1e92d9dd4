package dev.lockstep.run;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunListenerFactory;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.storage.Stores;
import dev.lockstep.train.RunOptions;
import dev.lockstep.train.StopSignal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Trains a recipe in a run folder, with metrics, checkpoints and a result on disk.
 *
 * <pre>{@code
 * Recipe recipe = Recipe.read(Path.of("recipes/fashion-mnist.yaml")).withWorkers(16);
 * try (Collective group = Collectives.fromEnvironment()) {      // one process when nothing is set
 *     RunResult result = Training.create(recipe, Models::create, data, group)
 *             .onEpoch(epoch -> System.out.println(epoch.validationTop1Error()))
 *             .resumeOrStart(Path.of("runs/mine"));
 * }
 * }</pre>
 *
 * <p>Nothing happens before {@link #resumeOrStart}, {@link #start} or {@link #resume}, one of which is called once.
 * That call sets up the network, compares the processes, restores the checkpoint, opens the listeners, trains, and
 * frees everything. Every process of the group makes the same calls. A failure at any point is reported to the other
 * processes ({@link Collective#fail}) and to the listeners, and is thrown.
 *
 * <p>The run's listeners are those added here and those of every {@link RunListenerFactory} on the class path.
 */
public final class Training {
    static final String CHECKPOINTS = "checkpoints";

    final Recipe recipe;
    final ModelFactory models;
    final Supplier<OpenDataset> data;
    final EventHub events = new EventHub();
    RunOptions options = RunOptions.defaults();
    StopSignal stop = new StopSignal();
    List<String> arguments = List.of();
    private final List<RunListener> listeners = new ArrayList<>();
    private final List<RunListenerFactory> added = new ArrayList<>();
    private boolean used;
    private volatile boolean leaving;
    boolean left;
    /** The present one: in an elastic run it changes when a process is lost, joins or leaves. */
    volatile Collective group;

    private Training(Recipe recipe, ModelFactory models, Supplier<OpenDataset> data, Collective group) {
        this.recipe = recipe;
        this.models = models;
        this.data = data;
        this.group = group;
    }

    /** A run that has not started yet. */
    public static Training create(Recipe recipe, ModelFactory models, OpenDataset data, Collective group) {
        return create(recipe, models, () -> data, group);
    }

    /**
     * A run that opens its data when it starts, so that missing data is reported to the other processes.
     *
     * @param data called once, in the thread of the run
     */
    public static Training create(Recipe recipe, ModelFactory models, Supplier<OpenDataset> data, Collective group) {
        return new Training(recipe, models, data, group);
    }

    /** How this process runs its share; by default {@link RunOptions#defaults}. */
    public Training options(RunOptions options) {
        this.options = options;
        return this;
    }

    /** Any thread may use this signal to make the run save its state and stop. */
    public Training stopOn(StopSignal stop) {
        this.stop = stop;
        return this;
    }

    /** Sets {@link dev.lockstep.metrics.RunInfo#arguments} for the listeners. */
    public Training arguments(List<String> arguments) {
        this.arguments = List.copyOf(arguments);
        return this;
    }

    /** Adds a listener; on rank 0 it gets every event, elsewhere none. */
    public Training listener(RunListener listener) {
        listeners.add(listener);
        if (group.rank() == 0) {
            events.add(listener);
        }
        return this;
    }

    /** This process becomes rank 0: its listeners get events from now on. */
    void lead(RunInfo info) {
        listeners.forEach(listener -> events.add(listener, new Event.Started(info)));
    }

    /** The group of which this process is a member now; see {@link Collective#joinNext}. */
    public Collective group() {
        return group;
    }

    /**
     * This process leaves its elastic group after the step under way; the others continue, and the call that trains returns.
     * If too few would be left, all save and stop instead. Any thread may call it.
     */
    public void leave() {
        leaving = true;
        group.askForLeave();
    }

    /** Whether this process has left its group before the run ended; see {@link #leave}. */
    public boolean hasLeft() {
        return left;
    }

    boolean isLeaving() {
        return leaving;
    }

    /** Adds a factory beside those on the class path. It is called on every process. */
    public Training listenerFactory(RunListenerFactory factory) {
        added.add(factory);
        return this;
    }

    /** Calls back after each epoch, on rank 0. */
    public Training onEpoch(Consumer<EpochMetrics> consumer) {
        return listener(event -> {
            if (event instanceof Event.Epoch epoch) {
                consumer.accept(epoch.metrics());
            }
        });
    }

    /** Reports to the listeners, from any thread, an event of a process of the group. */
    public void tell(Event.Membership event) {
        events.later(event);
    }

    /** Resumes from the newest good checkpoint in the folder, or starts if there is none. */
    public RunResult resumeOrStart(Path folder) {
        return run(folder, folder, CheckpointDirectory::newest);
    }

    /** Starts anew; checkpoints in the folder are set aside. */
    public RunResult start(Path folder) {
        return run(folder, folder, directory -> Optional.empty());
    }

    /** Resumes from a given checkpoint file. */
    public RunResult resume(Path folder, Path checkpoint) {
        return run(folder, runOf(checkpoint), directory -> Optional.of(Checkpoint.read(checkpoint)));
    }

    /**
     * Checks that a folder is new or belongs to a run, so that a run overwrites no file of the user. Every run does
     * so itself.
     *
     * @throws LockstepException of kind RECIPE naming the file that is in the way
     */
    public static void requireOwn(Path folder, Recipe recipe) {
        RunFolder.requireOwn(folder, recipe);
    }

    /** The folder of this machine in which a run works: the run folder itself, or one in the cache if that is in a store. */
    public static Path workFolder(Path folder) {
        return Stores.isRemote(folder) ? RemoteFolder.localOf(folder) : folder;
    }

    /** The folder of the run that wrote a checkpoint, if it still lies there. */
    private static Path runOf(Path checkpoint) {
        Path checkpoints = checkpoint.toAbsolutePath().getParent();
        Path run = checkpoints == null ? null : checkpoints.getParent();
        return run == null ? checkpoint : run;
    }

    /** @param origin the run folder of the checkpoint that is chosen */
    private RunResult run(Path folder, Path origin, Function<CheckpointDirectory, Optional<Checkpoint>> choice) {
        if (used) {
            throw new IllegalStateException("a Training runs once");
        }
        used = true;
        try (Session session = new Session(this, folder, origin)) {
            try {
                return session.run(choice);
            } catch (RuntimeException | Error e) {
                // Done first: the others must not wait until this process has written and closed everything.
                group.fail(e);
                session.fail(e);
                throw e;
            }
        }
    }

    /**
     * The factories on the class path, then those that were added. A thread whose context loader does not see this
     * library still gets the library's own ones.
     */
    List<RunListenerFactory> factories() {
        Map<Class<?>, RunListenerFactory> found = new LinkedHashMap<>();
        try {
            for (ServiceLoader<RunListenerFactory> loader : List.of(
                    ServiceLoader.load(RunListenerFactory.class, Training.class.getClassLoader()),
                    ServiceLoader.load(RunListenerFactory.class))) {
                loader.forEach(factory -> found.putIfAbsent(factory.getClass(), factory));
            }
        } catch (ServiceConfigurationError e) {
            throw new LockstepException(
                    LockstepException.Kind.RECIPE,
                    "a listener on the class path cannot be loaded: " + e.getMessage(),
                    "",
                    "fix its entry in META-INF/services, or remove its jar from the class path",
                    e);
        }
        List<RunListenerFactory> all = new ArrayList<>(found.values());
        all.addAll(added);
        return all;
    }
}
