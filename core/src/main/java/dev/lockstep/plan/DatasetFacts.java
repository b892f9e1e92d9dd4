package dev.lockstep.plan;

import dev.lockstep.network.ClassificationTask;
import dev.lockstep.recipe.Recipe;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The facts about a dataset that planning needs: sizes, no files.
 *
 * @param name as recipes write it
 * @param channels of an image as the network sees it
 * @param height in pixels, as the network sees it
 * @param width likewise
 * @param classesAssumed whether the number of classes is an assumption
 */
public record DatasetFacts(
        String name,
        int trainingImages,
        int validationImages,
        int channels,
        int height,
        int width,
        int classes,
        boolean classesAssumed) {

    private static final List<DatasetFacts> KNOWN = List.of(
            new DatasetFacts("fashion-mnist", 60_000, 10_000, 1, 28, 28, 10),
            new DatasetFacts("mnist", 60_000, 10_000, 1, 28, 28, 10),
            new DatasetFacts("cifar10", 50_000, 10_000, 3, 32, 32, 10),
            new DatasetFacts("cifar100", 50_000, 10_000, 3, 32, 32, 100),
            new DatasetFacts("imagenet", 1_281_167, 50_000, 3, 224, 224, 1000));

    /** A dataset whose classes are known. */
    public DatasetFacts(
            String name, int trainingImages, int validationImages, int channels, int height, int width, int classes) {
        this(name, trainingImages, validationImages, channels, height, width, classes, false);
    }

    /** The facts of a public dataset, at the image size that the recipe wants; empty if its name is unknown. */
    public static Optional<DatasetFacts> of(Recipe.Data data) {
        return KNOWN.stream()
                .filter(facts -> facts.name.equals(data.dataset()))
                .findFirst()
                .map(facts -> facts.withImageSize(data.imageSize()));
    }

    /**
     * @param side in pixels; 0 leaves the image as it is
     */
    public DatasetFacts withImageSize(int side) {
        return side == 0
                ? this
                : new DatasetFacts(
                        name, trainingImages, validationImages, channels, side, side, classes, classesAssumed);
    }

    /** The largest minibatch at which the linear scaling rule is known to hold; empty if it has not been measured. */
    public OptionalInt safeMinibatch() {
        return SafeMinibatch.of(name).map(safe -> OptionalInt.of(safe.images())).orElse(OptionalInt.empty());
    }

    public ClassificationTask task() {
        return new ClassificationTask(channels, height, width, classes);
    }

    public DatasetFacts withTrainingImages(int images) {
        return new DatasetFacts(name, images, validationImages, channels, height, width, classes, classesAssumed);
    }
}
