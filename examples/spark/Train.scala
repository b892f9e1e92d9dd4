import dev.lockstep.metrics.RunResult
import dev.lockstep.recipe.Recipe
import dev.lockstep.spark.{LockstepSpark, SparkOptions}
import java.nio.file.Path
import org.apache.spark.sql.SparkSession

/** Trains a recipe on a Spark cluster: spark-submit --class Train … train.jar HOME RECIPE RUN_FOLDER PROCESSES [OPTION…] */
object Train {
  def train(spark: SparkSession, home: String, recipe: String, runFolder: String, processes: Int, more: String*): RunResult = {
    val options = new SparkOptions(home, runFolder, processes).withArguments(more: _*)
    LockstepSpark.train(spark, Recipe.read(Path.of(recipe)), options)
  }

  def main(arguments: Array[String]): Unit = {
    val Array(home, recipe, runFolder, processes) = arguments.take(4)
    val spark = SparkSession.builder().appName("lockstep").getOrCreate()
    try {
      val result = train(spark, home, recipe, runFolder, processes.toInt, arguments.drop(4).toSeq: _*)
      println(s"weights ${result.weightsSha256()}")
    } finally {
      spark.stop()
    }
  }
}
