package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a Spark job trains.
 *
 * @param home Lockstep itself: a folder that every node has, or an archive of it (.tar.gz, .tgz, .zip), at a path or URI that
 *     Spark can read, which is then sent to every node
 * @param runFolder the run folder, on storage that every node can reach under this path: a retry resumes from the
 *     checkpoints in it
 * @param processes P, the number of processes and of tasks in the barrier stage, at most the number of the recipe's workers
 * @param arguments further options of {@code lockstep train}, such as {@code --data} and a folder
 * @param environment variables of the processes, such as LOCKSTEP_JAVA_OPTIONS
 */
public record SparkOptions(
        String home, String runFolder, int processes, List<String> arguments, Map<String, String> environment) {
    public SparkOptions {
        requireText("home", home, "give the folder in which Lockstep is installed on every node");
        requireText("runFolder", runFolder, "give a folder on storage that every node can reach");
        if (processes < 1) {
            throw LockstepException.recipe("processes = " + processes, "", "give at least 1");
        }
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
    }

    /** Only what is needed. */
    public SparkOptions(String home, String runFolder, int processes) {
        this(home, runFolder, processes, List.of(), Map.of());
    }

    /** The same with further options of {@code lockstep train}. */
    public SparkOptions withArguments(String... more) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        return new SparkOptions(home, runFolder, processes, all, environment);
    }

    /** The same with these variables in the environment of the processes. */
    public SparkOptions withEnvironment(Map<String, String> environment) {
        return new SparkOptions(home, runFolder, processes, arguments, environment);
    }

    private static void requireText(String name, String value, String fix) {
        if (value.isBlank()) {
            throw LockstepException.recipe(name + " is empty", "", fix);
        }
    }
}
