package dev.lockstep.samples;

import static org.bytedeco.pytorch.global.torch.max_pool2d;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.image.transform.SmallImageTransform;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.run.Training;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * A network and a dataset of your own. Neither knows about workers, lanes or processes; batch norm is libtorch's ordinary
 * layer, yet each worker has its own statistics, the gradients are summed over k workers, and the weights do not
 * depend on where they are computed.
 */
public final class UserModelSample {
    private UserModelSample() {}

    /** Two convolutions and a hidden layer, each with batch norm. */
    public static final class Net extends Module implements ImageClassifier {
        private final Conv2dImpl conv1;
        private final BatchNorm2dImpl bn1;
        private final Conv2dImpl conv2;
        private final BatchNorm2dImpl bn2;
        private final LinearImpl hidden;
        private final BatchNorm1dImpl bn3;
        private final LinearImpl fc;

        /** The arguments come from the recipe and the dataset. */
        public Net(Recipe.Model settings, ImageShape input, int classes) {
            int width = settings.width();
            conv1 = register_module("conv1", convolution(input.channels(), width));
            bn1 = register_module("bn1", new BatchNorm2dImpl(new BatchNormOptions(width)));
            conv2 = register_module("conv2", convolution(width, 2 * width));
            bn2 = register_module("bn2", new BatchNorm2dImpl(new BatchNormOptions(2L * width)));
            hidden = register_module("hidden", new LinearImpl(2L * width, 32));
            bn3 = register_module("bn3", new BatchNorm1dImpl(new BatchNormOptions(32)));
            fc = register_module("fc", new LinearImpl(32, classes));
        }

        private static Conv2dImpl convolution(int inputs, int outputs) {
            Conv2dOptions options = new Conv2dOptions(inputs, outputs, new LongPointer(3, 3));
            options.padding().put(new LongPointer(1, 1));
            return new Conv2dImpl(options);
        }

        @Override
        public Tensor forward(Tensor images) {
            Tensor x = bn1.forward(conv1.forward(images)).relu();
            x = max_pool2d(x, 2, 2);
            x = bn2.forward(conv2.forward(x)).relu();
            return fc.forward(bn3.forward(hidden.forward(x.mean(2, 3))).relu());
        }
    }

    /** Gray images with stripes: horizontal, vertical or diagonal, of a random phase, under noise. */
    public record Stripes(long seed, int size) implements Dataset {
        static final ImageShape SHAPE = new ImageShape(1, 12, 12);

        @Override
        public int label(int index) {
            return index % classNames().size();
        }

        /** A function of the index alone: several threads call it, in any order, and again in every epoch. */
        @Override
        public ImageData image(int index) {
            SplittableRandom random = new SplittableRandom(seed << 32 | index);
            int phase = random.nextInt(4);
            byte[] values = new byte[SHAPE.floats()];
            for (int i = 0; i < values.length; i++) {
                int y = i / SHAPE.width();
                int x = i % SHAPE.width();
                int across = label(index) == 0 ? y : label(index) == 1 ? x : x + y;
                int light = (across + phase) / 2 % 2 == 0 ? 160 : 96;
                values[i] = (byte) Math.max(0, Math.min(255, Math.round(light + 40 * random.nextGaussian())));
            }
            return new ImageData.Pixels(SHAPE.height(), SHAPE.width(), SHAPE.channels(), values);
        }

        @Override
        public List<String> classNames() {
            return List.of("horizontal", "vertical", "diagonal");
        }

        @Override
        public String fingerprint() {
            return new Fingerprint().text("stripes-1").number(seed).number(size).hex();
        }
    }

    private static OpenDataset data() {
        Dataset training = new Stripes(1, 768);
        Dataset validation = new Stripes(2, 192);
        Normalization normalization = new Normalization(List.of(0.5), List.of(0.2));
        SmallImageTransform transform = new SmallImageTransform(Stripes.SHAPE, Stripes.SHAPE, normalization, false);
        return OpenDataset.of("stripes", training, validation, transform, transform, normalization);
    }

    /** Trains into a folder; run it again to resume where it stopped. */
    public static RunResult train(Path folder) {
        Recipe recipe = RecipeFile.parse("""
                name: stripes
                epochs: 3
                workers: 4
                images-per-worker: 16
                data: {dataset: stripes}
                model: {name: net, width: 8}
                learning-rate:
                  reference: 0.1
                  reference-minibatch: 32
                  warmup: {epochs: 1}
                  schedule: {kind: cosine}
                """, "stripes", Map.of());
        try (Collective group = new SoloCollective()) {
            return Training.create(recipe, Net::new, data(), group)
                    .onEpoch(epoch -> System.err.printf(
                            "epoch %d: validation error %.1f %%%n", epoch.epoch(), 100 * epoch.validationTop1Error()))
                    .resumeOrStart(folder);
        }
    }

    public static void main(String[] args) {
        System.out.println(train(Path.of(args[0])).toJson());
    }
}
