"""Trains a recipe on a Spark cluster.

spark-submit --py-files spark/python/dev/lockstep/spark.py … examples/spark/train.py HOME RECIPE RUN_FOLDER PROCESSES [OPTION…]
"""

import sys

from pyspark.sql import SparkSession

from dev.lockstep.spark import LockstepError, train


def main(home, recipe, run_folder, processes, *arguments):
    spark = SparkSession.builder.appName("lockstep").getOrCreate()
    with open(recipe, encoding="utf-8") as file:
        text = file.read()
    try:
        result = train(spark, text, home, run_folder, int(processes), arguments)
    except LockstepError as error:
        sys.exit(f"error: {error}")
    finally:
        spark.stop()
    print(f"{result['status']} after {result['steps']} steps on {result['processes']} processes")
    print(f"weights {result['weights_sha256']}")


main(*sys.argv[1:])
