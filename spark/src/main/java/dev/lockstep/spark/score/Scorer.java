package dev.lockstep.spark.score;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.train.CheckpointRecipe;
import dev.lockstep.train.Classifier;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/** A trained network: from JPEG or PNG files to the probability of each class. Only the JDK's types cross its boundary. */
public final class Scorer implements Function<List<byte[]>, List<double[]>> {
    private final ImageTransform transform;
    private final Classifier classifier;

    /** @param checkpoint the file of a checkpoint, which contains its recipe and the names of its classes */
    public Scorer(String checkpoint) {
        Checkpoint read = Checkpoint.read(Path.of(checkpoint));
        Recipe recipe = CheckpointRecipe.of(read, Map.of());
        this.transform = Datasets.fileTransform(recipe.data());
        this.classifier = new Classifier(
                recipe, Models::create, transform.shape(), read.classNames().size(), Weights.of(read), 1, 1);
    }

    /** Called by one task at a time: tasks of an executor share the network. */
    @Override
    public synchronized List<double[]> apply(List<byte[]> files) {
        List<ImageData> images = IntStream.range(0, files.size())
                .<ImageData>mapToObj(i -> new ImageData.Encoded("image " + i + " of a batch", files.get(i)))
                .toList();
        return classifier.classify(images, transform);
    }
}
