package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.Serializable;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.TaskKilledException;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;

/**
 * A task of the barrier stage: starts one process and follows it. When all have ended, the tasks compare how, so that all decide
 * the same: a failure that another attempt may not have is thrown, and Spark submits the stage again; one that it would have too is
 * the result of the task, and the driver throws it.
 */
final class TrainTask extends AbstractFunction1<Iterator<Integer>, Iterator<String>> implements Serializable {
    private static final long serialVersionUID = 1;

    private final String home;
    private final String recipe;
    private final ArrayList<String> arguments;
    private final Map<String, String> environment;
    private final int lanes;
    private final ProgressAccumulator progress;

    /** @param lanes compute threads of each process, unless the options say another number */
    TrainTask(String recipe, SparkOptions options, int lanes, ProgressAccumulator progress) {
        this.home = options.home();
        this.recipe = recipe;
        this.arguments = new ArrayList<>(List.of("--out", options.runFolder()));
        this.arguments.addAll(options.arguments());
        this.environment = options.environment();
        this.lanes = lanes;
        this.progress = progress;
    }

    @Override
    public Iterator<String> apply(Iterator<Integer> unused) {
        BarrierTaskContext context = BarrierTaskContext.get();
        Place place = Place.agree(context);
        Outcome own = outcome(context, place);
        List<Outcome> all = Arrays.stream(context.allGather(own.toJson()))
                .map(Outcome::fromJson)
                .toList();
        if (Outcome.finalFailure(all).isEmpty() || refusedInRetry(context, all)) {
            Outcome.failure(all).ifPresent(failure -> {
                throw failure.exception();
            });
        }
        return CollectionConverters.asScala(List.of(own.toJson()).iterator());
    }

    /**
     * The first attempt accepted recipe and options. What a later one refuses is the run folder, while a process of the earlier
     * attempt still holds it.
     */
    private static boolean refusedInRetry(BarrierTaskContext context, List<Outcome> all) {
        return context.stageAttemptNumber() > 0
                && Outcome.finalFailure(all).orElseThrow().exitCode() == LockstepException.Kind.RECIPE.exitCode();
    }

    /** Starts nothing unless every node can: the others would wait for a process that never comes. */
    private Outcome outcome(BarrierTaskContext context, Place place) {
        String problem = Home.problem(home);
        boolean allFound = Arrays.stream(context.allGather(problem)).allMatch(String::isEmpty);
        if (!allFound) {
            LockstepException.Kind kind =
                    problem.isEmpty() ? LockstepException.Kind.WORKER : LockstepException.Kind.RECIPE;
            return new Outcome(place.rank(), place.host(), kind.exitCode(), problem, "");
        }
        try {
            return run(context, place, Home.launcher(home));
        } catch (IOException e) {
            int failed = LockstepException.Kind.WORKER.exitCode();
            return new Outcome(place.rank(), place.host(), failed, "the process cannot be started: " + e, "");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("interrupted");
        }
    }

    private Outcome run(BarrierTaskContext context, Place place, Path launcher)
            throws IOException, InterruptedException {
        // Only its owner can read the folder.
        Path files = Files.createTempDirectory("lockstep-");
        try (Child child = Child.start(builder(place, launcher, files), place.toString(), progress::add)) {
            int exitCode = child.await(context::isInterrupted);
            context.killTaskIfInterrupted();
            return new Outcome(place.rank(), place.host(), exitCode, child.message(), child.output());
        } finally {
            Files.deleteIfExists(files.resolve("secret"));
            Files.deleteIfExists(files.resolve("recipe.yaml"));
            Files.deleteIfExists(files);
        }
    }

    private ProcessBuilder builder(Place place, Path launcher, Path files) throws IOException {
        Path recipeFile = Files.writeString(files.resolve("recipe.yaml"), recipe);
        Path secret = files.resolve("secret");
        Files.createFile(secret, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(secret, place.secret());
        // By way of the shell, because unpacking an archive may lose the permission to execute.
        List<String> command = new ArrayList<>(List.of("/bin/sh", launcher.toString(), "train", recipeFile.toString()));
        command.add("--json");
        command.addAll(arguments);
        if (arguments.stream().noneMatch(word -> word.startsWith("--lanes"))) {
            command.addAll(List.of("--lanes", Integer.toString(lanes)));
        }
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> variables = builder.environment();
        variables.putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        variables.putAll(environment);
        variables.putAll(place.variables());
        variables.put("LOCKSTEP_GROUP_SECRET", secret.toString());
        // The process ends when this JVM does.
        variables.put("LOCKSTEP_PARENT", Long.toString(ProcessHandle.current().pid()));
        variables.put(StepLines.VARIABLE, "1");
        variables.merge("LOCKSTEP_CLASSPATH", ownJar().toString(), (jars, jar) -> jars + ":" + jar);
        return builder;
    }

    /** The jar of this class, whose {@link StepLines} the process needs. */
    static Path ownJar() {
        CodeSource source = TrainTask.class.getProtectionDomain().getCodeSource();
        URL location = source.getLocation();
        try {
            return Path.of(location.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("class path entry = " + location, e);
        }
    }
}
