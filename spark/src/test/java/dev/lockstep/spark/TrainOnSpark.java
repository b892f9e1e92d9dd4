package dev.lockstep.spark;

import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** The example of docs/spark.md. */
final class TrainOnSpark {
    private TrainOnSpark() {}

    static RunResult train(SparkSession spark, Path recipeFile) {
        SparkOptions options = new SparkOptions("/opt/lockstep", "/shared/runs/first", 4)
                .withArguments("--data", "/shared/photographs", "--checkpoint-every", "100");
        return LockstepSpark.train(spark, Recipe.read(recipeFile), options);
    }
}
