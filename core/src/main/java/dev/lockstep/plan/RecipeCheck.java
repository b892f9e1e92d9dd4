package dev.lockstep.plan;

import static dev.lockstep.text.Format.number;
import static dev.lockstep.text.Format.percent;

import dev.lockstep.recipe.Recipe;
import dev.lockstep.schedule.Scaling;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * The checks of a recipe: settings that are valid but known to cost accuracy or time. Their codes are stable;
 * a recipe suppresses one with {@code suppress: {code: reason}}.
 */
public enum RecipeCheck {
    LINEAR_RULE(
            "section 2.1, Table 2a",
            "the rate per image is less than half or more than twice the paper's 0.1 / 256, under linear scaling",
            "Table 2a covers half to twice the paper's rate: 24.27 % and 24.05 % error at 8k against 23.74 %.",
            facts -> {
                double paper = 0.1 / 256;
                double perImage = facts.rate().reference() / facts.rate().referenceMinibatch();
                double times = perImage / paper;
                return when(
                        facts.isSgd() && facts.rate().scaling() == Scaling.LINEAR && (times > 2.0001 || times < 0.4999),
                        "learning-rate.reference / reference-minibatch = "
                                + number(facts.rate().reference()) + " / "
                                + facts.rate().referenceMinibatch() + " is " + number(times)
                                + " × the paper's 0.1 / 256",
                        "use learning-rate.reference = "
                                + number(paper * facts.rate().referenceMinibatch())
                                + ", or find η at the reference minibatch with 'lockstep tune' and suppress this");
            }),

    SCALING(
            "section 2.1, Table 2a",
            "the minibatch is larger than the reference minibatch and scaling is square-root or none",
            "At 8k the square root gives 26.22 % error and no scaling 41.67 %, against 23.74 % for linear scaling.",
            facts -> when(
                    facts.isSgd() && facts.isScaledUp() && facts.rate().scaling() != Scaling.LINEAR,
                    "learning-rate.scaling = "
                            + name(facts.rate().scaling()) + " at minibatch = " + facts.minibatch() + ", "
                            + number((double) facts.minibatch() / facts.rate().referenceMinibatch())
                            + " × the reference-minibatch",
                    "use learning-rate.scaling = linear")),

    NO_WARMUP(
            "section 2.2, Table 1",
            "there is no warmup and the scaled rate is more than 4 × the reference rate",
            "At 8k training without warmup ends at 24.84 % error, with gradual warmup at 23.74 %.",
            facts -> when(
                    !facts.warmsUp() && facts.ratio() > 4,
                    "learning-rate.warmup.kind = " + name(facts.warmup().kind()) + ", epochs = "
                            + number(facts.warmup().epochs()) + ": training starts at " + number(facts.ratio())
                            + " × the reference rate",
                    "use learning-rate.warmup.kind = gradual with epochs = "
                            + number(Math.min(5, Math.max(1, facts.recipe().epochs() / 10))))),

    CONSTANT_WARMUP(
            "section 2.2, Table 1",
            "warmup is constant and the scaled rate is more than 4 × the reference rate",
            "The jump at its end undoes it: 25.88 % error at 8k, worse than no warmup (24.84 %) and gradual (23.74 %).",
            facts -> when(
                    facts.warmsUp() && facts.warmup().kind() == Recipe.WarmupKind.CONSTANT && facts.ratio() > 4,
                    "learning-rate.warmup.kind = constant: the rate jumps by " + number(facts.ratio())
                            + " × at its end",
                    "use learning-rate.warmup.kind = gradual")),

    WARMUP_START(
            "section 2.2",
            "gradual warmup does not start at the rate of a small minibatch: reference-minibatch is above 512",
            "Warmup leads from a rate that is known to be safe, that of 256 images, to the scaled one; it always starts"
                    + " from 0.1 in the paper.",
            facts -> when(
                    facts.minibatch() > 512
                            && facts.rate().referenceMinibatch() > 512
                            && facts.warmup().kind() == Recipe.WarmupKind.GRADUAL
                            && facts.warmup().epochs() > 0,
                    "learning-rate.reference-minibatch = " + facts.rate().referenceMinibatch()
                            + ": warmup starts at "
                            + number(Math.min(facts.rate().reference(), scaled(facts)))
                            + ", the rate of a large minibatch",
                    "use learning-rate.reference-minibatch = 256 with reference = "
                            + number(facts.rate().reference()
                                    * 256
                                    / facts.rate().referenceMinibatch()))),

    WARMUP_LONG(
            "section 2.2",
            "warmup takes more than half of the training",
            "The paper warms up for 5 of 90 epochs.",
            facts -> when(
                    facts.warmsUp() && facts.warmup().epochs() > facts.recipe().epochs() / 2.0,
                    "learning-rate.warmup.epochs = " + number(facts.warmup().epochs()) + " of epochs = "
                            + facts.recipe().epochs(),
                    "shorten the warmup or train longer")),

    WARMUP_SHORT(
            "section 2.2",
            "warmup takes less than one epoch",
            "The network changes fast for the first epochs; the paper warms up for 5.",
            facts -> when(
                    facts.warmsUp() && facts.warmup().epochs() < 1,
                    "learning-rate.warmup.epochs = " + number(facts.warmup().epochs()),
                    "use learning-rate.warmup.epochs = 1 or more")),

    WARMUP_ITERATIONS(
            "section 2.2",
            "warmup has fewer than 20 iterations",
            "Gradual warmup adds a small amount in every iteration (782 times at 8k); with few iterations it is a jump.",
            facts -> when(
                    facts.warmsUp() && facts.warmupIterations() < 20,
                    "warmup has " + facts.warmupIterations() + " iterations, learning-rate.warmup.epochs = "
                            + number(facts.warmup().epochs()) + " at " + facts.iterationsPerEpoch()
                            + " iterations per epoch",
                    "lengthen the warmup or use fewer workers")),

    EPOCH_ITERATIONS(
            "sections 2.1 and 5.1",
            "an epoch has fewer than 10 iterations",
            "The paper's largest minibatch still takes 19 steps per epoch (64k on ImageNet), and fails.",
            facts -> when(
                    facts.iterationsPerEpoch() < 10,
                    "iterations per epoch = " + facts.iterationsPerEpoch() + " at minibatch = " + facts.minibatch()
                            + ", dataset size = " + facts.datasetSize(),
                    "use workers ≤ "
                            + Math.max(
                                    1, facts.datasetSize() / 10 / facts.recipe().imagesPerWorker()))),

    DECAY_IN_WARMUP(
            "section 5.1",
            "the rate falls before warmup has ended",
            "Decay epochs are counted from the start of training; the first would cut the warmup down.",
            facts -> {
                Recipe.Schedule schedule = facts.rate().schedule();
                return when(
                        schedule.kind() == Recipe.ScheduleKind.STEP
                                && facts.warmsUp()
                                && schedule.epochs().get(0) < facts.warmup().epochs(),
                        "learning-rate.schedule.epochs = " + schedule.epochs()
                                + " starts inside the warmup, warmup.epochs = "
                                + number(facts.warmup().epochs()),
                        "let the rate fall after the warmup");
            }),

    DECAY_AFTER_END(
            "section 5.1",
            "the rate should fall at an epoch that training does not reach",
            "Such a decay never happens; often epochs were shortened and the schedule was forgotten.",
            facts -> {
                Recipe.Schedule schedule = facts.rate().schedule();
                return when(
                        schedule.kind() == Recipe.ScheduleKind.STEP
                                && schedule.epochs().get(schedule.epochs().size() - 1)
                                        >= facts.recipe().epochs(),
                        "learning-rate.schedule.epochs = " + schedule.epochs() + " goes beyond epochs = "
                                + facts.recipe().epochs(),
                        "scale the decay epochs with the training: the paper's are 1/3, 2/3 and 8/9 of it");
            }),

    MOMENTUM_CORRECTION(
            "remark 2, Eq. 10",
            "momentum SGD is in the velocity form without momentum correction while the rate changes",
            "The velocity holds the old rate; when the rate rises or falls, its past is weighted wrongly.",
            facts -> facts.sgd()
                    .flatMap(sgd -> when(
                            sgd.form() == Recipe.MomentumForm.VELOCITY
                                    && !sgd.momentumCorrection()
                                    && sgd.momentum() > 0
                                    && facts.rateChanges(),
                            "optimizer.form = velocity with momentum-correction = false while the learning rate changes",
                            "use optimizer.momentum-correction = true or form = gradient"))),

    MOMENTUM(
            "section 2.1",
            "momentum is not 0.9 at a minibatch above the reference minibatch",
            "The linear scaling rule changes the rate and nothing else; the paper keeps momentum 0.9 for every k.",
            facts -> facts.sgd()
                    .flatMap(sgd -> when(
                            facts.isScaledUp() && sgd.momentum() != 0.9,
                            "optimizer.momentum = " + number(sgd.momentum()) + " at minibatch = " + facts.minibatch()
                                    + ", above the reference-minibatch = "
                                    + facts.rate().referenceMinibatch(),
                            "use optimizer.momentum = 0.9 for every number of workers"))),

    DECAY_NORM(
            "section 5.1",
            "weight decay is applied to batch norm's γ and β",
            "The paper decays all parameters except γ and β.",
            facts -> when(
                    facts.recipe().optimizer().decayNorm()
                            && facts.recipe().optimizer().weightDecay() > 0,
                    "optimizer.decay-norm = true with weight-decay = "
                            + number(facts.recipe().optimizer().weightDecay()),
                    "use optimizer.decay-norm = false")),

    IMAGES_PER_WORKER(
            "section 2.3",
            "images-per-worker, over which batch norm takes its statistics, is below 16 or above 64",
            "With few images the statistics are noise; with many, a regularizing noise is lost. The paper uses 32.",
            facts -> when(
                    isUnusual(facts.recipe().imagesPerWorker()),
                    "images-per-worker = " + facts.recipe().imagesPerWorker(),
                    "use images-per-worker = 32 and change workers instead")),

    IMAGES_PER_WORKER_CHANGED(
            "section 2.3",
            "images-per-worker is not 32 at a minibatch above the reference minibatch",
            "n is part of the loss function: when k grows it has to stay what the reference rate was tuned with.",
            facts -> when(
                    facts.isScaledUp()
                            && facts.recipe().imagesPerWorker() != 32
                            && !isUnusual(facts.recipe().imagesPerWorker()),
                    "images-per-worker = " + facts.recipe().imagesPerWorker() + " at minibatch = " + facts.minibatch()
                            + ", where the paper holds 32 for every number of workers",
                    "use images-per-worker = 32, or suppress this if the reference rate was tuned with "
                            + facts.recipe().imagesPerWorker())),

    ZERO_INIT_RESIDUAL(
            "section 5.1, Table 2b",
            "the last γ of each block does not start at 0 in a network for ImageNet and the minibatch is above 1k",
            "At 8k γ = 1 gives 24.11 % error, γ = 0 23.74 %.",
            facts -> when(
                    !facts.isSmallNetwork() && !facts.recipe().model().zeroInitResidual() && facts.minibatch() > 1024,
                    "model.zero-init-residual = false at minibatch = " + facts.minibatch(),
                    "use model.zero-init-residual = true")),

    SMALL_NETWORK_START(
            "section 5.1, Table 2b",
            "a residual network for small images starts with γ = 0 and trains for fewer than 500 iterations",
            "Such a network has few blocks, which all begin by doing nothing: a ResNet-8 on 10,000 drawn digits ends at 10.0 %"
                    + " error after 195 iterations, with γ = 1 at 1.2 %.",
            facts -> when(
                    facts.isSmallNetwork() && facts.recipe().model().zeroInitResidual() && facts.iterations() < 500,
                    "model.zero-init-residual = true in model.name = "
                            + facts.recipe().model().name() + " with iterations = " + facts.iterations(),
                    "use model.zero-init-residual = false, or train longer")),

    MINIBATCH_LIMIT(
            "section 5.3, Figure 1",
            "the minibatch is larger than any at which the linear rule is known to hold on the dataset",
            "Beyond a limit that depends on the data, accuracy falls whatever the rate: 33.96 % error at 64k on ImageNet.",
            facts -> SafeMinibatch.of(facts.recipe().data().dataset())
                    .filter(safe -> facts.isSgd() && facts.minibatch() > safe.images())
                    .map(safe -> new Warning(
                            "minibatch = " + facts.minibatch() + " is beyond " + safe.images() + " on " + safe.dataset()
                                    + " (" + safe.source() + ")",
                            "use workers ≤ "
                                    + Math.max(1, safe.images() / facts.recipe().imagesPerWorker())))),

    DROPPED_IMAGES(
            "remark 4",
            "more than 5 % of the images of an epoch fill no minibatch and are left out",
            "An epoch is then a good deal shorter than one pass over the data, and so are warmup and schedule.",
            facts -> when(
                    facts.dropped() > 0.05 * facts.datasetSize(),
                    "dropped images per epoch = " + facts.dropped() + ", "
                            + percent((double) facts.dropped() / facts.datasetSize()) + " of dataset size = "
                            + facts.datasetSize(),
                    "use a number of workers for which " + facts.recipe().imagesPerWorker()
                            + " × workers nearly divides the dataset"));

    /**
     * The finding of a check.
     *
     * @param sentence with name = value
     */
    record Warning(String sentence, String fix) {}

    private final String section;
    private final String firesWhen;
    private final String why;
    private final Function<RecipeFacts, Optional<Warning>> test;

    RecipeCheck(String section, String firesWhen, String why, Function<RecipeFacts, Optional<Warning>> test) {
        this.section = section;
        this.firesWhen = firesWhen;
        this.why = why;
        this.test = test;
    }

    /** The stable name, such as {@code no-warmup}. */
    public String code() {
        return name(this);
    }

    /** The source in the paper, such as {@code paper, section 2.2}. */
    public String source() {
        return "paper, " + section;
    }

    /** The condition under which it warns, as a clause. */
    public String firesWhen() {
        return firesWhen;
    }

    /** The known consequence, in a sentence. */
    public String why() {
        return why;
    }

    Optional<Warning> test(RecipeFacts facts) {
        return test.apply(facts);
    }

    private static Optional<Warning> when(boolean fires, String sentence, String fix) {
        return fires ? Optional.of(new Warning(sentence, fix)) : Optional.empty();
    }

    private static boolean isUnusual(int imagesPerWorker) {
        return imagesPerWorker < 16 || imagesPerWorker > 64;
    }

    private static double scaled(RecipeFacts facts) {
        return facts.recipe().scaledLearningRate();
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
