package dev.lockstep.recipe;

import static dev.lockstep.recipe.Ranges.LARGEST;
import static dev.lockstep.recipe.Ranges.above;
import static dev.lockstep.recipe.Ranges.atLeast;
import static dev.lockstep.recipe.Ranges.between;
import static dev.lockstep.recipe.Ranges.require;
import static dev.lockstep.recipe.Ranges.shorterThan;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.sampling.MinibatchPlan;
import dev.lockstep.schedule.Decay;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.schedule.Scaling;
import dev.lockstep.schedule.Warmup;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Everything that determines a training run except the data and the machines: the weights are a function of the recipe
 * and the data. The YAML keys are the component names in kebab-case. {@code docs/recipes.md} is generated from these
 * comments.
 *
 * @param name name of the run; used for the run folder and the report
 * @param seed seed of the initial weights, the shuffles and the augmentation
 * @param epochs passes over the training set
 * @param workers k, the number of logical workers; the one number to change for another minibatch
 * @param imagesPerWorker n, the per-worker batch size; at least 2. Batch norm computes its statistics over these images,
 *     so n stays the same when k grows
 * @param threadsPerWorker OpenMP threads that compute one worker. They determine the order of sums inside a convolution
 *     and so the bits of the result, which is why this is a key of the recipe
 * @param engine what computes forward and backward; part of the recipe because engines round differently
 * @param precision the numbers of activations and of the weights that convolutions use; weights are kept and updated in
 *     float32
 * @param data the dataset and what the network sees of it
 * @param model the network and its initial weights
 * @param learningRate the learning rate of every iteration
 * @param optimizer the optimizer, which turns the gradient of a step into an update of the weights
 * @param batchNorm the batch-norm layers
 * @param evaluation how validation images are grouped
 * @param suppress checks that should not warn, by their codes, each with the reason
 */
public record Recipe(
        String name,
        @Default("0") long seed,
        int epochs,
        int workers,
        @Default("32") int imagesPerWorker,
        @Default("1") int threadsPerWorker,
        @Default(value = "libtorch", written = false) Engine engine,
        @Default(value = "float32", written = false) Precision precision,
        Data data,
        Model model,
        @Default("{}") Rate learningRate,
        @Default("{}") OptimizerSettings optimizer,
        @Default("{}") BatchNorm batchNorm,
        @Default("{}") Evaluation evaluation,
        @Default("{}") Map<String, String> suppress) {

    private static final int MOST_EPOCHS = 100_000;
    private static final int LONGEST_NAME = 128;

    public Recipe {
        shorterThan("name", name, LONGEST_NAME);
        require(
                name.matches("[A-Za-z0-9][A-Za-z0-9._-]*"),
                "name",
                name,
                "must be letters, digits, '.', '_' and '-', the first a letter or digit");
        between("epochs", epochs, 1, MOST_EPOCHS);
        between("workers", workers, 1, 65_536);
        between("images-per-worker", imagesPerWorker, 1, 65_536);
        between("threads-per-worker", threadsPerWorker, 1, 256);
        require(
                (long) workers * imagesPerWorker <= Integer.MAX_VALUE,
                "workers × images-per-worker",
                (long) workers * imagesPerWorker,
                "must be below 2^31");
        require(
                precision != Precision.TF32 || engine == Engine.LIBTORCH,
                "precision",
                "tf32",
                "must be float32 or bf16, or engine must be libtorch");
        require(
                imagesPerWorker > 1,
                "images-per-worker",
                imagesPerWorker,
                "must be at least 2: batch norm needs several images per worker");
        require(suppress.size() <= 100, "suppress", suppress.size() + " checks", "must be at most 100");
        suppress.forEach((code, reason) -> {
            shorterThan("suppress", code, 1000);
            shorterThan("suppress", reason, 1000);
        });
        suppress = Map.copyOf(suppress);
    }

    /** What computes forward and backward. */
    public enum Engine {
        /** libtorch with its autograd: every network. */
        LIBTORCH,
        /** oneDNN's primitives, called directly: networks that are described as data. */
        ONEDNN
    }

    /** The numbers with which an engine computes. */
    public enum Precision {
        /** 32 bits. */
        FLOAT32,
        /** float32 whose products have 10 bits behind the point. Needs a card, and the engine libtorch. */
        TF32,
        /**
         * 16 bits with the exponent of float32; sums are float32. Needs the engine onednn and a processor with AVX512-BF16 or
         * AMX, or a card.
         */
        BF16
    }

    /** The dataset and what the network sees of it. */
    public record Data(
            String dataset,
            @Default("none") Augmentation augmentation,
            @Default("0") int imageSize,
            @Default("none") ColorAugmentation color,
            @Default(value = "[]", written = false) List<Double> mean,
            @Default(value = "[]", written = false) List<Double> std,
            @Default(value = "shuffle", written = false) Sampling sampling,
            @Default(value = "0.0", written = false) double validationSplit,
            @Default(value = "float", written = false) Pixels pixels) {
        /**
         * @param dataset one of the names that {@code lockstep data list} prints
         * @param augmentation random changes of the geometry of training images
         * @param imageSize side in pixels of the square image that the network sees; 0 uses the dataset's own size
         * @param color additional random changes of color, for photographs
         * @param mean what is subtracted from each channel, for pixel values from 0 to 1; empty for the dataset's own.
         *     Pretrained weights want those that they were trained with, {@code [0.485, 0.456, 0.406]} for ImageNet;
         *     {@code lockstep data inspect} measures those of your images
         * @param std what each channel is divided by then; {@code [0.229, 0.224, 0.225]} for ImageNet
         * @param sampling which images an epoch has
         * @param validationSplit for {@code imagefolder}: the fraction of one set of class folders that is never trained on
         *     and measures the error; 0 where the data has a validation set of its own. The contents of a file decide its
         *     set, so that it stays there when others come and go, and copies of a file are in the same set
         * @param pixels what the loader gives to the device: numbers that are resized and normalized without rounding, or
         *     bytes, rounded after resizing and normalized on the device; small images of their own size are the same in both
         */
        public Data {
            shorterThan("dataset", dataset, LONGEST_NAME);
            require(
                    imageSize == 0 || isImageSize(imageSize),
                    "image-size",
                    imageSize,
                    "must be 0 (the dataset's own) or between 8 and 1024");
            require(
                    mean.size() <= 3 && mean.stream().allMatch(value -> value >= 0 && value <= 1),
                    "mean",
                    mean,
                    "must be a number from 0 to 1 for each channel");
            require(
                    std.size() <= 3 && std.stream().allMatch(value -> value > 0 && value <= 1),
                    "std",
                    std,
                    "must be a number above 0 and at most 1 for each channel");
            require(mean.size() == std.size(), "std", std, "must have as many numbers as mean = " + mean);
            mean = List.copyOf(mean);
            std = List.copyOf(std);
            require(
                    validationSplit == 0 || validationSplit >= 0.01 && validationSplit <= 0.9,
                    "validation-split",
                    validationSplit,
                    "must be 0 (a validation set of its own) or between 0.01 and 0.9");
        }

        /** Whether a recipe can ask for images with this side in pixels. */
        public static boolean isImageSize(int side) {
            return side >= 8 && side <= 1024;
        }

        /** Data whose pixels are not rounded. */
        public Data(
                String dataset,
                Augmentation augmentation,
                int imageSize,
                ColorAugmentation color,
                List<Double> mean,
                List<Double> std,
                Sampling sampling,
                double validationSplit) {
            this(dataset, augmentation, imageSize, color, mean, std, sampling, validationSplit, Pixels.FLOAT);
        }

        /** Data that is normalized with the dataset's own constants. */
        public Data(String dataset, Augmentation augmentation, int imageSize, ColorAugmentation color) {
            this(dataset, augmentation, imageSize, color, List.of(), List.of(), Sampling.SHUFFLE, 0, Pixels.FLOAT);
        }
    }

    /** What the loader gives to the device. */
    public enum Pixels {
        /** 32-bit numbers, normalized. */
        FLOAT,
        /** 8 bits, a quarter of the memory and of the traffic to a card. */
        BYTE
    }

    /** Which images an epoch has. */
    public enum Sampling {
        /** Every image once, in random order (remark 4). */
        SHUFFLE,
        /**
         * As many images of each class, in random order: those of a small class several times, of a large one a part, another
         * in each epoch.
         */
        BALANCED
    }

    /** Names of layers, of which the network decides later whether it has them. */
    private static void layers(String key, Collection<String> names) {
        require(names.size() <= 1000, key, names.size() + " layers", "must be at most 1000");
        names.forEach(name -> shorterThan(key, name, LONGEST_NAME));
        require(
                names.stream().distinct().count() == names.size() && !names.contains(""),
                key,
                names,
                "must be names of layers, each once");
    }

    /** Random changes of the geometry of training images. */
    public enum Augmentation {
        /** Images as they are. */
        NONE,
        /** Pads by 4 pixels of zeros, crops back to size at a random position, and flips; usual for small images. */
        PAD_CROP_FLIP,
        /** Crops a random area and aspect ratio, resizes, and flips, as in the paper (section 5.1). */
        RANDOM_RESIZED_CROP
    }

    /** Random changes of the color of training images. */
    public enum ColorAugmentation {
        /** Colors as they are. */
        NONE,
        /** Changes brightness, contrast and saturation in random order. */
        JITTER,
        /** Color jitter, then PCA lighting noise, as fb.resnet.torch does. */
        JITTER_AND_LIGHTING
    }

    /** The network and its initial weights. */
    public record Model(
            String name,
            @Default("0") int width,

            @Default(
                    value = "true",
                    where =
                            @Default.Where(
                                    key = "name",
                                    is = {"resnet8", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110"},
                                    value = "false"))
            boolean zeroInitResidual,

            @Default("none") String weights,
            @Default(value = "false", written = false) boolean newHead,
            @Default(value = "[]", written = false) List<String> frozen) {
        /**
         * @param name the network, such as {@code resnet20} (for small images) or {@code resnet50}
         * @param width channels of the first convolution; 0 uses the network's own (16 for small images, 64 for ImageNet)
         * @param zeroInitResidual start with γ = 0 in the last batch norm of every residual block (section 5.1, Table 2b),
         *     which helps large minibatches on ImageNet; small networks learn much slower from it in their first epochs
         * @param weights initial weights: {@code none} draws them from the seed; {@code sha256:…} identifies the file given
         *     to {@code train --weights}, which writes this key
         * @param newHead draw the last layer from the seed, for other classes than those of the weights; {@code sha256:…}
         *     then identifies the weights of the other layers. {@code train --new-head} writes this key
         * @param frozen layers that keep their initial weights, such as {@code [conv1, bn1, layer1]}; their batch norm
         *     normalizes with the running statistics, which do not change either. A name includes the layers below it
         */
        public Model {
            shorterThan("name", name, LONGEST_NAME);
            between("width", width, 0, 4096);
            require(
                    weights.matches("none|sha256:[0-9a-f]{64}"),
                    "weights",
                    weights,
                    "must be none or sha256: and 64 digits; training from a weights file sets it");
            layers("frozen", frozen);
            frozen = List.copyOf(frozen);
        }

        /** The same network with different initial weights. */
        public Model withWeights(String weights) {
            return new Model(name, width, zeroInitResidual, weights, newHead, frozen);
        }

        /** The same network whose last layer starts from the seed. */
        public Model withNewHead() {
            return new Model(name, width, zeroInitResidual, weights, true, frozen);
        }

        /** A network with given weights, all of which are trained. */
        public Model(String name, int width, boolean zeroInitResidual, String weights) {
            this(name, width, zeroInitResidual, weights, false, List.of());
        }

        /** A network whose initial weights are drawn from the seed. */
        public Model(String name, int width, boolean zeroInitResidual) {
            this(name, width, zeroInitResidual, "none");
        }
    }

    /** The learning rate of every iteration: reference × scaling, warmup, then decay (sections 2.1, 2.2 and 5.1). */
    public record Rate(
            @Default("0.1") double reference,
            @Default("256") int referenceMinibatch,
            @Default("linear") Scaling scaling,
            @Default("{}") WarmupSettings warmup,
            @Default("{}") Schedule schedule,
            @Default(value = "{}", written = false) Map<String, Double> factors) {
        /**
         * @param reference η, the learning rate for the reference minibatch
         * @param referenceMinibatch images in the minibatch for which {@code reference} was tuned
         * @param scaling how the rate follows the minibatch
         * @param warmup how the first epochs reach the scaled rate
         * @param schedule how the rate falls afterwards
         * @param factors what the rate is multiplied by in some layers, such as {@code {layer1: 0.1, fc: 10}}; 1 elsewhere. A
         *     name includes the layers below it, unless they have a factor of their own
         */
        public Rate {
            above("reference", reference, 0, LARGEST);
            between("reference-minibatch", referenceMinibatch, 1, Integer.MAX_VALUE);
            layers("factors", factors.keySet());
            factors.values().forEach(factor -> above("factors", factor, 0, LARGEST));
            factors = Map.copyOf(factors);
        }

        /** A rate that is the same in all layers. */
        public Rate(
                double reference, int referenceMinibatch, Scaling scaling, WarmupSettings warmup, Schedule schedule) {
            this(reference, referenceMinibatch, scaling, warmup, schedule, Map.of());
        }
    }

    /** How training reaches the scaled rate (section 2.2). */
    public enum WarmupKind {
        /** Starts at the scaled rate. */
        NONE,
        /** Uses the reference rate, then jumps to the scaled rate. */
        CONSTANT,
        /** Starts at the reference rate and adds the same amount in every iteration until it reaches the scaled rate. */
        GRADUAL
    }

    /**
     * Warmup (section 2.2). It does not shift the decay epochs.
     *
     * @param kind the kind of warmup
     * @param epochs length of the warmup; may be a fraction; rounded to whole iterations
     */
    public record WarmupSettings(
            @Default("gradual") WarmupKind kind,
            @Default("5") double epochs) {
        public WarmupSettings {
            atLeast("epochs", epochs, 0, MOST_EPOCHS);
        }
    }

    /** How the rate falls. */
    public enum ScheduleKind {
        /** Multiplies the rate by {@code factor} at each of {@code epochs}. */
        STEP,
        /** Follows half a cosine from the scaled rate to 0 at the end of training. */
        COSINE,
        /** Keeps the rate. */
        CONSTANT
    }

    /**
     * Decay of the learning rate, counted from the start of training.
     *
     * @param kind the shape of the decay
     * @param epochs for {@code step}: the epochs at which the rate falls; may be fractions
     * @param factor for {@code step}: what the rate is multiplied by at each of those epochs
     */
    public record Schedule(
            @Default("constant") ScheduleKind kind,
            @Default("[]") List<Double> epochs,
            @Default("0.1") double factor) {
        public Schedule {
            require(epochs.size() <= 1000, "epochs", epochs.size() + " drops of the rate", "must be at most 1000");
            epochs = List.copyOf(epochs);
            require(
                    kind != ScheduleKind.STEP || !epochs.isEmpty(),
                    "epochs",
                    epochs,
                    "a step schedule needs at least one epoch at which the rate drops");
            require(
                    epochs.stream().sorted().distinct().toList().equals(epochs)
                            && epochs.stream().allMatch(e -> e > 0 && e < Double.POSITIVE_INFINITY),
                    "epochs",
                    epochs,
                    "must be positive and ascending");
            require(factor > 0 && factor <= 1, "factor", factor, "must be above 0 and at most 1");
        }
    }

    /** The two ways to write momentum SGD (remark 2). */
    public enum MomentumForm {
        /** Outside the velocity (Eq. 9): u ← m·u + g, w ← w − η·u. */
        GRADIENT,
        /** Inside the velocity (Eq. 10): v ← m·v + η·g, w ← w − v. Needs momentum correction whenever η changes. */
        VELOCITY
    }

    /** The rate that multiplies weight decay (the two readings of remark 1). */
    public enum WeightDecayRate {
        /** The scaled rate η̂, as in Eq. 8. */
        SCALED,
        /** The reference rate η with its decay, without scaling and warmup. */
        REFERENCE
    }

    /**
     * Batch norm. Each worker normalizes with the statistics of its own n images (section 2.3).
     *
     * @param momentum weight of the newest minibatch in the running averages (libtorch's convention: 0.1 is the paper's
     *     0.9)
     * @param epsilon added to the variance before its square root is taken
     */
    public record BatchNorm(
            @Default("0.1") double momentum,
            @Default("0.00001") double epsilon) {
        public BatchNorm {
            require(momentum > 0 && momentum <= 1, "momentum", momentum, "must be above 0 and at most 1");
            above("epsilon", epsilon, 0, LARGEST);
        }
    }

    /**
     * Evaluation on the validation set.
     *
     * @param imagesPerBatch images in each batch of the validation set; whole batches are divided among the processes. It
     *     does not change memory use: a batch passes through the network in parts of at most n images
     */
    public record Evaluation(@Default("100") int imagesPerBatch) {
        public Evaluation {
            between("images-per-batch", imagesPerBatch, 1, 65_536);
        }
    }

    /** Reads a YAML file; every unknown key, wrong type or value out of range is an error that names its line. */
    public static Recipe read(Path file) {
        return RecipeFile.read(file, Map.of());
    }

    /** The same recipe with another name. */
    public Recipe withName(String name) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe with another seed. */
    public Recipe withSeed(long seed) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe for another number of epochs; the schedule of the learning rate stays. */
    public Recipe withEpochs(int epochs) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe with another k: minibatch, learning rate and normalization follow. */
    public Recipe withWorkers(int workers) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe with another n, the per-worker batch size: the statistics of batch norm change with it. */
    public Recipe withImagesPerWorker(int imagesPerWorker) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe for other data. */
    public Recipe withData(Data data) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe for another network. */
    public Recipe withModel(Model model) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe at another learning rate. */
    public Recipe withLearningRate(Rate learningRate) {
        return with(name, seed, epochs, workers, imagesPerWorker, data, model, learningRate);
    }

    /** The same recipe computed by another engine. */
    public Recipe withEngine(Engine engine) {
        return with(Map.of("engine", YamlRecords.enumText(engine)));
    }

    private Recipe with(
            String name, long seed, int epochs, int workers, int imagesPerWorker, Data data, Model model, Rate rate) {
        return new Recipe(
                name,
                seed,
                epochs,
                workers,
                imagesPerWorker,
                threadsPerWorker,
                engine,
                precision,
                data,
                model,
                rate,
                optimizer,
                batchNorm,
                evaluation,
                suppress);
    }

    /** The same recipe with some keys (dotted paths) set to other YAML texts. */
    public Recipe with(Map<String, String> overrides) {
        return YamlRecords.with(Recipe.class, this, "recipe " + name, overrides);
    }

    /**
     * The division of this recipe's epochs into minibatches, when only their sizes matter.
     *
     * @param images in the training set
     * @throws LockstepException of kind RECIPE when the minibatch is larger than the training set
     */
    public MinibatchPlan minibatchPlan(int images) {
        return new MinibatchPlan(seed, images, workers, imagesPerWorker);
    }

    /**
     * The division of this recipe's epochs into minibatches, with the images that {@code data.sampling} chooses.
     *
     * @param labels of the training set, one per image
     * @throws LockstepException of kind RECIPE when the minibatch is larger than the training set
     */
    public MinibatchPlan minibatchPlan(int[] labels) {
        return data.sampling == Sampling.SHUFFLE
                ? minibatchPlan(labels.length)
                : MinibatchPlan.balanced(seed, labels, workers, imagesPerWorker);
    }

    /** Every key with its value, including defaults. */
    public String toYaml() {
        return YamlRecords.write(this);
    }

    /** kn, the images of one step. */
    public int minibatch() {
        return workers * imagesPerWorker;
    }

    /** η̂, the scaled learning rate. */
    public double scaledLearningRate() {
        return learningRate.scaling.scale(learningRate.reference, minibatch(), learningRate.referenceMinibatch);
    }

    /** The length of the warmup in iterations. */
    public long warmupIterations(int iterationsPerEpoch) {
        return learningRate.warmup.kind == WarmupKind.NONE
                ? 0
                : Math.round(learningRate.warmup.epochs * iterationsPerEpoch);
    }

    /** The decay of the rate, without scaling and warmup. */
    public Decay decay(int iterationsPerEpoch) {
        Schedule schedule = learningRate.schedule;
        return switch (schedule.kind) {
            case CONSTANT -> Decay.none();
            case COSINE -> Decay.cosine((long) epochs * iterationsPerEpoch);
            case STEP ->
                Decay.step(
                        schedule.factor,
                        schedule.epochs.stream()
                                .mapToLong(epoch -> Math.round(epoch * iterationsPerEpoch))
                                .toArray());
        };
    }

    /** The learning rate of every iteration: scaled, warmed up, decayed. */
    public LearningRate schedule(int iterationsPerEpoch) {
        double reference = learningRate.reference;
        double scaled = scaledLearningRate();
        long iterations = warmupIterations(iterationsPerEpoch);
        LearningRate base = switch (learningRate.warmup.kind) {
            case NONE -> Warmup.none(scaled);
            case CONSTANT -> Warmup.constant(reference, scaled, iterations);
            case GRADUAL -> Warmup.gradual(reference, scaled, iterations);
        };
        return base.times(decay(iterationsPerEpoch));
    }
}
