package dev.lockstep.spark;

import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns that the estimator and its model have in common. */
final class Columns {
    static final String IMAGE = "image";
    static final String PREDICTION = "prediction";
    static final String PROBABILITY = "probability";

    private Columns() {}

    static Param<String> image(Params parent) {
        return new Param<>(parent, "imageCol", "JPEG and PNG files, or images of Spark's image source");
    }

    static Param<String> prediction(Params parent) {
        return new Param<>(parent, "predictionCol", "the index of the most probable class");
    }

    static Param<String> probability(Params parent) {
        return new Param<>(parent, "probabilityCol", "the probability of each class");
    }

    static StructType added(StructType schema, String image, String prediction, String probability) {
        Pictures.requireImages(image, schema.apply(image).dataType());
        return schema.add(prediction, DataTypes.DoubleType, false).add(probability, SQLDataTypes.VectorType(), false);
    }
}
