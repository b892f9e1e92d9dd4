package dev.lockstep.spark;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * A trained image classifier. It adds a prediction and the probability of each class to rows with images. Each executor loads the network
 * once, in its own JVM, from the installation of Lockstep on its node.
 */
public final class LockstepModel extends Model<LockstepModel> implements MLWritable {
    private static final long serialVersionUID = 1;

    private final String uid;
    /** A checkpoint: weights, recipe and the names of the classes. */
    private final byte[] weights;

    private final Param<String> home;
    private final Param<String> imageCol;
    private final Param<String> predictionCol;
    private final Param<String> probabilityCol;

    LockstepModel(String uid, byte[] weights) {
        this.uid = uid;
        this.weights = weights;
        // Parameters remember the uid, so they come after it.
        home = new Param<>(this, "home", "Lockstep's folder on every node, or its archive");
        imageCol = Columns.image(this);
        predictionCol = Columns.prediction(this);
        probabilityCol = Columns.probability(this);
        setDefault(imageCol, Columns.IMAGE);
        setDefault(predictionCol, Columns.PREDICTION);
        setDefault(probabilityCol, Columns.PROBABILITY);
    }

    @Override
    public String uid() {
        return uid;
    }

    /** The bytes of a checkpoint in safetensors' format, as the command line reads it. */
    public byte[] weights() {
        return weights.clone();
    }

    public Param<String> home() {
        return home;
    }

    public Param<String> imageCol() {
        return imageCol;
    }

    public Param<String> predictionCol() {
        return predictionCol;
    }

    public Param<String> probabilityCol() {
        return probabilityCol;
    }

    /** @param place see {@link SparkOptions#home} */
    public LockstepModel setHome(String place) {
        set(home, place);
        return this;
    }

    /** @param name of a column of JPEG and PNG files, or of Spark's image source */
    public LockstepModel setImageCol(String name) {
        set(imageCol, name);
        return this;
    }

    public LockstepModel setPredictionCol(String name) {
        set(predictionCol, name);
        return this;
    }

    public LockstepModel setProbabilityCol(String name) {
        set(probabilityCol, name);
        return this;
    }

    @Override
    public Dataset<Row> transform(Dataset<?> data) {
        StructType schema = transformSchema(data.schema());
        Home.send(data.sparkSession().sparkContext(), $(home));
        Broadcast<byte[]> sent = JavaSparkContext.fromSparkContext(
                        data.sparkSession().sparkContext())
                .broadcast(weights);
        int image = data.schema().fieldIndex($(imageCol));
        return data.toDF().mapPartitions(new Scoring($(home), id(), sent, image), Encoders.row(schema));
    }

    private String id() {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(weights));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return Columns.added(schema, $(imageCol), $(predictionCol), $(probabilityCol));
    }

    @Override
    public LockstepModel copy(ParamMap extra) {
        LockstepModel copy = copyValues(new LockstepModel(uid, weights), extra);
        return copy.setParent(parent());
    }

    @Override
    public MLWriter write() {
        return new SavedModel.Writer(this, weights);
    }

    /** Reads what {@link #save} wrote. */
    public static MLReader<LockstepModel> read() {
        return new SavedModel.Reader();
    }

    /** Reads what {@link #save} wrote. */
    public static LockstepModel load(String path) {
        return read().load(path);
    }
}
