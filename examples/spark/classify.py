"""From a folder of photographs to predictions, as a notebook would: fit, transform, save, load.

spark-submit … examples/spark/classify.py HOME IMAGES FOLDER PROCESSES, where IMAGES holds train/CLASS/FILE and val/CLASS/FILE,
and FOLDER, on storage that every node can reach, gets the shards, the run and the model.
"""

import sys

from pyspark.ml.feature import StringIndexer
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, regexp_extract

from dev.lockstep.spark import LockstepClassifier, LockstepModel

RECIPE = """
name: on-spark
epochs: 2
workers: 4
images-per-worker: 16
data: {dataset: webdataset, image-size: 32}
model: {name: resnet8}
"""


def images(spark, folder):
    """A row for each file: its contents, its class by its folder, and whether it is for validation."""
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(folder)
    files = files.withColumn("class", regexp_extract("path", "/(?:train|val)/([^/]+)/", 1))
    files = files.withColumn("validation", col("path").rlike("/val/")).withColumnRenamed("content", "image")
    indexer = StringIndexer(inputCol="class", outputCol="label", stringOrderType="alphabetAsc")
    return indexer.fit(files).transform(files)


def error(scored):
    validation = scored.filter("validation")
    return validation.filter("prediction != label").count() / validation.count()


def main(home, folder, out, processes):
    spark = SparkSession.builder.appName("lockstep-classify").getOrCreate()
    data = images(spark, folder)
    classifier = LockstepClassifier(
        recipe=RECIPE, home=home, processes=int(processes), stagingFolder=out + "/shards", runFolder=out + "/run")
    model = classifier.fit(data)
    print(f"validation error {error(model.transform(data)):.6f}")
    model.write().overwrite().save(out + "/model")
    loaded = LockstepModel.load(out + "/model")
    print(f"validation error of the saved model {error(loaded.transform(data)):.6f}")
    loaded.transform(data).select("class", "prediction", "probability").show(3, truncate=60)
    spark.stop()


main(*sys.argv[1:])
