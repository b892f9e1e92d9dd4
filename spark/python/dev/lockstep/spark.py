"""Lockstep on Spark, for Python: the same names as the Java package dev.lockstep.spark.

Start Spark with the jars lockstep-spark_2.13, lockstep-core and snakeyaml-engine (spark-submit --jars).
"""

import json

from py4j.protocol import Py4JJavaError
from pyspark import keyword_only
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import JavaMLReadable, JavaMLWritable
from pyspark.ml.wrapper import JavaEstimator, JavaModel

__all__ = ["LockstepClassifier", "LockstepError", "LockstepModel", "train"]


class LockstepError(RuntimeError):
    """A failure that the user can fix: what, where, how to fix it."""


def _known(error):
    """Lockstep's own failure, or the given one."""
    failure = error.java_exception
    if failure.getClass().getName() == "dev.lockstep.errors.LockstepException":
        return LockstepError(failure.getMessage())
    return error


def train(spark, recipe, home, run_folder, processes, arguments=(), environment=None):
    """Trains a recipe on the executors and returns the result as a dictionary (result.json).

    recipe       the text of a recipe in YAML
    home         Lockstep's folder on every node, or its archive
    run_folder   on storage that every node can reach under this path
    processes    number of processes; divides the recipe's workers
    arguments    further options of `lockstep train`
    environment  variables of the processes
    """
    java = spark.sparkContext._jvm.dev.lockstep
    words = spark.sparkContext._jvm.java.util.ArrayList()
    for word in arguments:
        words.add(str(word))
    variables = spark.sparkContext._jvm.java.util.HashMap()
    for name, value in (environment or {}).items():
        variables.put(name, str(value))
    none = spark.sparkContext._jvm.java.util.HashMap()
    try:
        options = java.spark.SparkOptions(str(home), str(run_folder), processes, words, variables)
        parsed = java.recipe.RecipeFile.parse(recipe, "recipe", none)
        result = java.spark.LockstepSpark.train(spark._jsparkSession, parsed, options)
    except Py4JJavaError as error:
        raise _known(error) from None
    return json.loads(result.toJson())


class _Columns(Params):
    home = Param(Params._dummy(), "home", "Lockstep's folder on every node, or its archive",
                 TypeConverters.toString)
    imageCol = Param(Params._dummy(), "imageCol", "JPEG and PNG files, or images of Spark's image source",
                     TypeConverters.toString)
    predictionCol = Param(Params._dummy(), "predictionCol", "the index of the most probable class",
                          TypeConverters.toString)
    probabilityCol = Param(Params._dummy(), "probabilityCol", "the probability of each class",
                           TypeConverters.toString)


class LockstepModel(JavaModel, _Columns, JavaMLReadable, JavaMLWritable):
    """A trained image classifier: transform adds the columns prediction and probability."""

    def setHome(self, value):
        return self._set(home=value)

    def setImageCol(self, value):
        return self._set(imageCol=value)


class LockstepClassifier(JavaEstimator, _Columns, JavaMLReadable, JavaMLWritable):
    """An image classifier that is trained by a recipe; see the Java class of this name."""

    recipe = Param(Params._dummy(), "recipe", "the recipe in YAML, with data.dataset = webdataset",
                   TypeConverters.toString)
    stagingFolder = Param(Params._dummy(), "stagingFolder", "folder for the shards, shared",
                          TypeConverters.toString)
    runFolder = Param(Params._dummy(), "runFolder", "run folder, shared", TypeConverters.toString)
    processes = Param(Params._dummy(), "processes", "number of processes, at least 1", TypeConverters.toInt)
    trainArguments = Param(Params._dummy(), "trainArguments", "further options of lockstep train",
                           TypeConverters.toListString)
    labelCol = Param(Params._dummy(), "labelCol", "class indices: 0, 1, …", TypeConverters.toString)
    validationIndicatorCol = Param(Params._dummy(), "validationIndicatorCol",
                                   "true for images of the validation set", TypeConverters.toString)

    @keyword_only
    def __init__(self, *, recipe=None, home=None, stagingFolder=None, runFolder=None, processes=1, trainArguments=None,
                 imageCol="image", labelCol="label", validationIndicatorCol="validation",
                 predictionCol="prediction", probabilityCol="probability"):
        super().__init__()
        self._java_obj = self._new_java_obj("dev.lockstep.spark.LockstepClassifier", self.uid)
        self._setDefault(processes=1, trainArguments=[], imageCol="image", labelCol="label",
                         validationIndicatorCol="validation", predictionCol="prediction",
                         probabilityCol="probability")
        self._set(**self._input_kwargs)

    def setParams(self, **values):
        return self._set(**values)

    def _create_model(self, java_model):
        return LockstepModel(java_model)

    def _fit(self, dataset):
        try:
            return super()._fit(dataset)
        except Py4JJavaError as error:
            raise _known(error) from None
