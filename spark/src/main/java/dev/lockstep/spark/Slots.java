package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/** Whether the cluster can run all tasks of a barrier stage at the same time, found before the stage starts. */
final class Slots {
    private static final String DYNAMIC = "spark.dynamicAllocation.enabled";
    private static final String REGISTRATION = "spark.scheduler.maxRegisteredResourcesWaitingTime";
    private static final long POLL_MILLIS = 100;

    private Slots() {}

    /**
     * Waits for executors as long as Spark itself does at the start of an application.
     *
     * @throws LockstepException of kind RECIPE when the stage could not run
     */
    static void require(SparkContext context, int processes) {
        SparkConf conf = context.conf();
        if (conf.getBoolean(DYNAMIC, false) && !context.isLocal()) {
            throw LockstepException.recipe(
                    "a barrier stage cannot run while Spark adds and removes executors",
                    DYNAMIC + " = true",
                    "start the application with " + DYNAMIC + "=false and as many executors as the run needs");
        }
        long wait = conf.getTimeAsMs(REGISTRATION, "30s");
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(wait);
        int slots = slots(context);
        while (slots < processes && System.nanoTime() < deadline) {
            pause();
            slots = slots(context);
        }
        if (slots < processes) {
            throw LockstepException.recipe(
                    "the cluster has too few slots for the run: processes = " + processes + ", slots = " + slots,
                    "a slot is spark.task.cpus = " + conf.get("spark.task.cpus", "1")
                            + " of an executor's cores; waited " + wait / 1000 + " s (" + REGISTRATION + ")",
                    "use fewer processes, or start more executors or more cores for each");
        }
    }

    private static int slots(SparkContext context) {
        return context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile());
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw LockstepException.worker("interrupted while waiting for executors", "", "");
        }
    }
}
