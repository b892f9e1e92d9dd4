package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.UnlabeledImages;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.Replica;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.AutoGradMode;

/** A network with trained weights: evaluates it on a dataset and classifies images. */
public final class Classifier implements AutoCloseable {
    private final Recipe recipe;
    private final Device device;
    private final FlatState state;
    private final LaneThreads threads;
    private final int loaderThreads;
    private final Supplier<ImageClassifier> networks;

    /**
     * @param recipe gives the network, batch norm's ε and the images per batch
     * @param shape the images that the network sees
     * @param loaderThreads threads that read images
     * @throws dev.lockstep.errors.LockstepException of kind CHECKPOINT naming every tensor that does not fit the network
     */
    public Classifier(
            Recipe recipe,
            ModelFactory models,
            ImageShape shape,
            int classes,
            Weights weights,
            int lanes,
            int loaderThreads) {
        this(recipe, models, shape, classes, weights, lanes, loaderThreads, Device.cpu());
    }

    /**
     * A network on another device; see {@link #Classifier(Recipe, ModelFactory, ImageShape, int, Weights, int, int)}.
     *
     * @param device where its tensors live
     */
    public Classifier(
            Recipe recipe,
            ModelFactory models,
            ImageShape shape,
            int classes,
            Weights weights,
            int lanes,
            int loaderThreads,
            Device device) {
        TorchRuntime.load();
        this.recipe = recipe;
        this.device = device;
        this.loaderThreads = loaderThreads;
        this.networks = () -> models.create(recipe.model(), shape, classes);
        ImageClassifier network = networks.get();
        weights.assignTo(network.module());
        this.state = new FlatState(device, ParameterLayout.of(network.module()), network);
        this.threads = new LaneThreads(device, lanes, recipe.threadsPerWorker());
    }

    /**
     * The network's results on all images of a dataset.
     *
     * @param top1Error fraction in [0, 1]
     * @param top5Error fraction in [0, 1]; NaN if there are at most 5 classes
     * @param loss mean cross-entropy
     * @param badImages the bad images that were replaced, each with the reason
     */
    public record Accuracy(int images, double top1Error, double top5Error, double loss, List<String> badImages) {
        public Accuracy {
            badImages = List.copyOf(badImages);
        }
    }

    /** Evaluates the network as training does at the end of an epoch: every image once, in batches of the same sizes. */
    public Accuracy measure(Dataset dataset, ImageTransform transform) {
        return measure(dataset, transform, BadImages.refused());
    }

    /**
     * Evaluates the network.
     *
     * @param badImages how to handle images that cannot be read or decoded
     */
    public Accuracy measure(Dataset dataset, ImageTransform transform, BadImages badImages) {
        return measure(dataset, transform, badImages, Evaluator.Listener.NONE);
    }

    /**
     * An evaluation with what the network said about each image.
     *
     * @param accuracy as {@link #measure(Dataset, ImageTransform, BadImages)} gives it
     */
    public record Examination(Accuracy accuracy, AnswerSheet answers) {}

    /** Evaluates the network, and keeps its answers. */
    public Examination examine(Dataset dataset, ImageTransform transform, BadImages badImages) {
        Answer[] answers = new Answer[dataset.size()];
        Accuracy accuracy = measure(dataset, transform, badImages, (batch, from, logits) -> {
            int classes = (int) logits.size(1);
            float[] values = device.read(logits);
            for (int i = 0; i < values.length / classes; i++) {
                int index = batch.request().samples()[from + i];
                answers[index] = Answer.of(index, batch.labels()[from + i], softmax(values, i * classes, classes));
            }
        });
        return new Examination(accuracy, new AnswerSheet(dataset.classNames(), List.of(answers)));
    }

    private Accuracy measure(
            Dataset dataset, ImageTransform transform, BadImages badImages, Evaluator.Listener listener) {
        List<ImageClassifier> lanes = IntStream.range(0, threads.lanes())
                .mapToObj(i -> networks.get())
                .toList();
        Evaluator evaluator = new Evaluator(
                lanes,
                state,
                threads,
                new SoloCollective(),
                recipe.batchNorm().epsilon(),
                recipe.evaluation().imagesPerBatch(),
                recipe.imagesPerWorker(),
                loaderThreads);
        Evaluator.Result result = evaluator.evaluate(dataset, transform, badImages, listener);
        return new Accuracy(
                dataset.size(),
                result.top1Error(),
                result.top5Error(),
                result.loss(),
                List.copyOf(result.replaced().values()));
    }

    /** The probability of every class for each image. */
    public List<double[]> classify(List<ImageData> images, ImageTransform transform) {
        Replica replica =
                Replica.evaluation(networks.get(), state, recipe.batchNorm().epsilon());
        List<double[]> probabilities = new ArrayList<>();
        try (BatchLoader loader =
                new BatchLoader(new UnlabeledImages(images), transform, 0, loaderThreads, 2, requests(images.size()))) {
            threads.runAll(1, lane -> {
                for (Optional<HostBatch> next = loader.next(); next.isPresent(); next = loader.next()) {
                    try (HostBatch batch = next.get()) {
                        probabilities.addAll(probabilities(replica, batch));
                    }
                }
            });
        }
        return probabilities;
    }

    private Iterator<BatchRequest> requests(int images) {
        int perBatch = recipe.evaluation().imagesPerBatch();
        return IntStream.iterate(0, from -> from < images, from -> from + perBatch)
                .mapToObj(from -> new BatchRequest(
                        from / perBatch,
                        0,
                        0,
                        IntStream.range(from, Math.min(images, from + perBatch)).toArray()))
                .iterator();
    }

    private List<double[]> probabilities(Replica replica, HostBatch batch) {
        try (StepScope scope = new StepScope();
                AutoGradMode noGradients = new AutoGradMode(false)) {
            float[] logits =
                    device.read(replica.forward(DeviceBatch.of(device, batch).images()));
            int classes = logits.length / batch.size();
            return IntStream.range(0, batch.size())
                    .mapToObj(i -> softmax(logits, i * classes, classes))
                    .toList();
        }
    }

    private static double[] softmax(float[] logits, int from, int classes) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
            largest = Math.max(largest, logits[from + c]);
        }
        double[] values = new double[classes];
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            values[c] = Math.exp(logits[from + c] - largest);
            sum += values[c];
        }
        for (int c = 0; c < classes; c++) {
            values[c] /= sum;
        }
        return values;
    }

    /** SHA-256 of the parameters; see {@link Checkpoint#weightsSha256}. */
    public String weightsSha256() {
        return Checkpoint.weightsSha256(state.layout(), state.parameters());
    }

    @Override
    public void close() {
        threads.close();
    }
}
