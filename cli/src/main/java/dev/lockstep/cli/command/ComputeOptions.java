package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import picocli.CommandLine.Option;

/** The numbers of compute threads and loader threads of a command. */
final class ComputeOptions {
    @Option(names = "--lanes", paramLabel = "L", description = "Compute threads (default: cores / threads-per-worker).")
    private int lanes;

    @Option(
            names = "--loader-threads",
            paramLabel = "T",
            description = "Threads that load images (default: ${DEFAULT-VALUE}).")
    private int loaderThreads = 1;

    void check() {
        if (lanes < 0 || loaderThreads < 1) {
            throw LockstepException.recipe(
                    lanes < 0 ? "--lanes = " + lanes : "--loader-threads = " + loaderThreads, "must be at least 1", "");
        }
    }

    int lanes(Recipe recipe) {
        int cores = Runtime.getRuntime().availableProcessors();
        return lanes > 0 ? lanes : Math.max(1, cores / recipe.threadsPerWorker());
    }

    int loaderThreads() {
        return loaderThreads;
    }
}
