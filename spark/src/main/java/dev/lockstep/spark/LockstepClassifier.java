package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * An image classifier that is trained by a recipe: {@code fit} writes the images as shards into the staging folder, unless it holds them
 * already, and trains there by {@link LockstepSpark}.
 */
public final class LockstepClassifier extends Estimator<LockstepModel> implements DefaultParamsWritable {
    private static final long serialVersionUID = 1;
    private static final String DATASET = "webdataset";

    private final String uid;
    private final Param<String> recipe;
    private final Param<String> home;
    private final Param<String> stagingFolder;
    private final Param<String> runFolder;
    private final IntParam processes;
    private final StringArrayParam trainArguments;
    private final Param<String> imageCol;
    private final Param<String> labelCol;
    private final Param<String> validationIndicatorCol;
    private final Param<String> predictionCol;
    private final Param<String> probabilityCol;

    public LockstepClassifier() {
        this(Identifiable$.MODULE$.randomUID("lockstep"));
    }

    /** @param uid names this estimator in a pipeline */
    public LockstepClassifier(String uid) {
        this.uid = uid;
        // Parameters remember the uid, so they come after it.
        recipe = new Param<>(this, "recipe", "the recipe in YAML, with data.dataset = " + DATASET);
        home = new Param<>(this, "home", "Lockstep's folder on every node, or its archive");
        stagingFolder = new Param<>(this, "stagingFolder", "folder for the shards, shared");
        runFolder = new Param<>(this, "runFolder", "run folder, shared");
        processes = new IntParam(this, "processes", "number of processes, at least 1");
        trainArguments = new StringArrayParam(this, "trainArguments", "further options of lockstep train");
        imageCol = Columns.image(this);
        labelCol = new Param<>(this, "labelCol", "class indices: 0, 1, …");
        validationIndicatorCol = new Param<>(this, "validationIndicatorCol", "true for images of the validation set");
        predictionCol = Columns.prediction(this);
        probabilityCol = Columns.probability(this);
        setDefault(processes, 1);
        setDefault(trainArguments, new String[0]);
        setDefault(imageCol, Columns.IMAGE);
        setDefault(labelCol, "label");
        setDefault(validationIndicatorCol, "validation");
        setDefault(predictionCol, Columns.PREDICTION);
        setDefault(probabilityCol, Columns.PROBABILITY);
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> recipe() {
        return recipe;
    }

    public Param<String> home() {
        return home;
    }

    public Param<String> stagingFolder() {
        return stagingFolder;
    }

    public Param<String> runFolder() {
        return runFolder;
    }

    public IntParam processes() {
        return processes;
    }

    public StringArrayParam trainArguments() {
        return trainArguments;
    }

    public Param<String> imageCol() {
        return imageCol;
    }

    public Param<String> labelCol() {
        return labelCol;
    }

    public Param<String> validationIndicatorCol() {
        return validationIndicatorCol;
    }

    public Param<String> predictionCol() {
        return predictionCol;
    }

    public Param<String> probabilityCol() {
        return probabilityCol;
    }

    /** @param yaml the text of a recipe with {@code data.dataset: webdataset} */
    public LockstepClassifier setRecipe(String yaml) {
        set(recipe, yaml);
        return this;
    }

    /** @param place see {@link SparkOptions#home} */
    public LockstepClassifier setHome(String place) {
        set(home, place);
        return this;
    }

    /** @param folder for the shards; on storage that the driver and every node can reach under this path */
    public LockstepClassifier setStagingFolder(String folder) {
        set(stagingFolder, folder);
        return this;
    }

    /** @param folder see {@link SparkOptions#runFolder}; the driver reads the weights there */
    public LockstepClassifier setRunFolder(String folder) {
        set(runFolder, folder);
        return this;
    }

    public LockstepClassifier setProcesses(int number) {
        set(processes, number);
        return this;
    }

    /** @param options of {@code lockstep train} */
    public LockstepClassifier setTrainArguments(String... options) {
        set(trainArguments, options);
        return this;
    }

    /** @param name of a column of JPEG and PNG files, or of Spark's image source */
    public LockstepClassifier setImageCol(String name) {
        set(imageCol, name);
        return this;
    }

    /** @param name of a column of class indices: 0, 1, … */
    public LockstepClassifier setLabelCol(String name) {
        set(labelCol, name);
        return this;
    }

    /** @param name of a column that is true for images of the validation set */
    public LockstepClassifier setValidationIndicatorCol(String name) {
        set(validationIndicatorCol, name);
        return this;
    }

    public LockstepClassifier setPredictionCol(String name) {
        set(predictionCol, name);
        return this;
    }

    public LockstepClassifier setProbabilityCol(String name) {
        set(probabilityCol, name);
        return this;
    }

    /**
     * Writes the shards, trains, and returns the model. Calling it again with the same folders resumes a run that was interrupted.
     *
     * @throws LockstepException as {@link LockstepSpark#train}; of kind DATA when a set has no images or the shards cannot be written
     */
    @Override
    public LockstepModel fit(Dataset<?> data) {
        transformSchema(data.schema());
        Recipe read = RecipeFile.parse(required(recipe), "recipe", Map.of());
        if (!read.data().dataset().equals(DATASET)) {
            throw LockstepException.recipe(
                    "data.dataset = " + read.data().dataset(),
                    "fit trains on the shards that it writes",
                    "set data.dataset to " + DATASET);
        }
        SparkOptions options = new SparkOptions(required(home), required(runFolder), (Integer) $(processes))
                .withArguments($(trainArguments))
                .withArguments("--data", required(stagingFolder));
        new Shards($(imageCol), $(labelCol), $(validationIndicatorCol))
                .writeOnce(data, Path.of(required(stagingFolder)));
        RunResult result = LockstepSpark.train(data.sparkSession(), read, options);
        LockstepModel model = new LockstepModel(uid, checkpoint(result)).setHome(required(home));
        model.setParent(this);
        return model.setImageCol($(imageCol)).setPredictionCol($(predictionCol)).setProbabilityCol($(probabilityCol));
    }

    private String required(Param<String> param) {
        if (!isSet(param)) {
            throw LockstepException.recipe(param.name() + " is not set", param.doc(), "set it");
        }
        return $(param);
    }

    private byte[] checkpoint(RunResult result) {
        Path file = Path.of($(runFolder), "checkpoints", String.format("step-%08d.safetensors", result.steps()));
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw LockstepException.checkpoint(
                    "the driver cannot read the weights: " + e,
                    "file = " + file,
                    "give a run folder that the driver can read, too");
        }
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return Columns.added(schema, $(imageCol), $(predictionCol), $(probabilityCol));
    }

    @Override
    public LockstepClassifier copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    /** Reads what {@link #save} wrote. */
    public static MLReader<LockstepClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /** Reads what {@link #save} wrote. */
    public static LockstepClassifier load(String path) {
        return read().load(path);
    }
}
