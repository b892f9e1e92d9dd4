package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.topology.Topology;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Trains a recipe on the executors of a Spark application. */
public final class LockstepSpark {
    /** The name of the accumulator whose value is the run's {@link Progress}, for listeners and Spark's pages. */
    public static final String PROGRESS = "Lockstep progress";

    private static final Logger LOG = LoggerFactory.getLogger(LockstepSpark.class);

    private LockstepSpark() {}

    /**
     * Trains in one barrier stage, whose tasks each start a Lockstep process, and waits for its end. Progress goes to this JVM's
     * log. A lost executor or process makes Spark submit the stage again ({@code spark.stage.maxConsecutiveAttempts} times),
     * and the run resumes from the newest checkpoint in its folder. Calling this again with the same options does, too.
     *
     * <p>Each process computes with {@code spark.task.cpus} threads. To cancel a run, cancel its Spark job; the processes save
     * a checkpoint and end.
     *
     * @return the run's result, as in {@code result.json}
     * @throws LockstepException of kind RECIPE before anything starts, when there are more processes than workers, the cluster has too few slots or dynamic allocation is on; of the kind that a process failed with; of kind
     *     WORKER when all attempts failed or the job was cancelled
     */
    public static RunResult train(SparkSession spark, Recipe recipe, SparkOptions options) {
        SparkContext context = spark.sparkContext();
        Topology topology = Topology.equal(recipe.workers(), options.processes());
        Slots.require(context, options.processes());
        Home.send(context, options.home());
        ProgressAccumulator progress = new ProgressAccumulator(Progress.NONE);
        context.register(progress, PROGRESS);
        String stage = "Lockstep " + recipe.name();
        ProgressLog listener = new ProgressLog(progress.id(), stage, LOG);
        context.addSparkListener(listener);
        try {
            int cpus = context.conf().getInt("spark.task.cpus", 1);
            int lanes = Math.max(1, Math.min(cpus / recipe.threadsPerWorker(), topology.mostWorkers()));
            LOG.info(
                    "{}: {} processes × {} lanes, run folder {}",
                    stage,
                    options.processes(),
                    lanes,
                    options.runFolder());
            TrainTask task = new TrainTask(recipe.toYaml(), options, lanes, progress);
            return result(run(context, stage, task, options));
        } finally {
            context.removeSparkListener(listener);
        }
    }

    private static List<Outcome> run(SparkContext context, String stage, TrainTask task, SparkOptions options) {
        int processes = options.processes();
        ClassTag<String> strings = ClassTag$.MODULE$.apply(String.class);
        context.setCallSite(stage);
        try {
            RDD<Integer> ranks = JavaSparkContext.fromSparkContext(context)
                    .parallelize(IntStream.range(0, processes).boxed().toList(), processes)
                    .rdd();
            RDD<String> outcomes = ranks.barrier().mapPartitions(task, false, strings);
            // Spark never retries a barrier stage that is a job's last one, so there is a shuffle after it.
            return JavaRDD.fromRDD(outcomes, strings).repartition(1).collect().stream()
                    .map(Outcome::fromJson)
                    .toList();
        } catch (Exception e) {
            throw failed(e, options);
        } finally {
            context.clearCallSite();
        }
    }

    /** Spark's methods throw its checked exceptions without declaring them. */
    private static LockstepException failed(Exception e, SparkOptions options) {
        String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        return new LockstepException(
                LockstepException.Kind.WORKER,
                "the Spark job failed: " + message,
                "run folder = " + options.runFolder(),
                "fix what it names and train again: the run resumes from its newest checkpoint",
                e);
    }

    private static RunResult result(List<Outcome> outcomes) {
        Outcome.finalFailure(outcomes).ifPresent(failure -> {
            throw failure.exception();
        });
        return outcomes.stream()
                .filter(outcome -> outcome.rank() == 0)
                .map(outcome -> JsonText.read(outcome.result(), RunResult.class))
                .findFirst()
                .orElseThrow();
    }
}
