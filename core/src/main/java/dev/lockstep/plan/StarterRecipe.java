package dev.lockstep.plan;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.network.ResNets;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.text.Format;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A first recipe for photographs of one's own, with numbers that fit how many they are and how large, and comments that say
 * why. It raises no warning of the checks: those that a small set cannot satisfy are suppressed with that reason.
 */
public final class StarterRecipe {
    /** Fewer images cannot fill a minibatch over which batch norm works. */
    private static final int FEWEST_IMAGES = 16;
    /** An image with a shorter side is a small image, for which there are other networks. */
    private static final int SMALL_SIDE = 64;

    private static final int REFERENCE_MINIBATCH = 256;
    private static final int ENOUGH_ITERATIONS = 20;
    private static final int WANTED_ITERATIONS = 2_000;
    private static final int MANY_IMAGES = 500_000;
    private static final String SMALL_SET = "the set is small";

    private final Facts facts;
    private final Choice choice;
    private final int workers;
    private final int imagesPerWorker;

    /**
     * What is known about a folder of photographs.
     *
     * @param name of the folder
     * @param trainingImages after the split, if there is one
     * @param shortSide the median of the images' shorter sides, in pixels
     * @param validationSplit see {@link Recipe.Data#validationSplit}
     */
    public record Facts(
            String name,
            int trainingImages,
            int classes,
            int fewestInClass,
            int mostInClass,
            int shortSide,
            boolean gray,
            double validationSplit) {}

    /**
     * What the user has chosen.
     *
     * @param network the name of a network; empty to choose one
     * @param pretrained whether training starts from given weights
     */
    public record Choice(Optional<String> network, boolean pretrained) {}

    /** @throws LockstepException of kind DATA when there are too few images to train on */
    public StarterRecipe(Facts facts, Choice choice) {
        this.facts = facts;
        this.choice = choice;
        int images = facts.trainingImages;
        if (images < FEWEST_IMAGES) {
            throw LockstepException.data(
                    "too few images to train on",
                    "folder = " + facts.name + ", training images = " + images,
                    "add images, so that at least " + FEWEST_IMAGES + " can be trained on");
        }
        int minibatch = REFERENCE_MINIBATCH;
        while (minibatch > 16 && images / minibatch < ENOUGH_ITERATIONS) {
            minibatch /= 2;
        }
        // Both divide 256, so that the sweep for a rate has whole workers, too.
        this.imagesPerWorker = minibatch >= 64 ? 32 : 16;
        this.workers = Math.max(1, minibatch / imagesPerWorker);
    }

    /** The network's name. */
    public String network() {
        return choice.network.orElse(
                !choice.pretrained && facts.shortSide < SMALL_SIDE
                        ? facts.trainingImages < 20_000 ? "resnet8" : "resnet20"
                        : facts.trainingImages < MANY_IMAGES ? "resnet18" : "resnet50");
    }

    private boolean isSmallNetwork() {
        return ResNets.isForSmallImages(network());
    }

    /** The side of the network's input, in pixels. */
    public int side() {
        if (choice.pretrained && !isSmallNetwork()) {
            return 224;
        }
        int wanted =
                isSmallNetwork() ? 32 : facts.trainingImages < 5_000 ? 64 : facts.trainingImages < 50_000 ? 128 : 224;
        if (facts.shortSide >= wanted) {
            return wanted;
        }
        return facts.shortSide >= SMALL_SIDE ? facts.shortSide / 32 * 32 : Math.max(8, facts.shortSide);
    }

    /** kn. */
    public int minibatch() {
        return workers * imagesPerWorker;
    }

    /** k. */
    public int workers() {
        return workers;
    }

    /** n. */
    public int imagesPerWorker() {
        return imagesPerWorker;
    }

    private int iterationsPerEpoch() {
        return facts.trainingImages / minibatch();
    }

    /** Passes over the training set. */
    public int epochs() {
        if (facts.trainingImages >= MANY_IMAGES) {
            return choice.pretrained ? 30 : 90;
        }
        int wanted = (WANTED_ITERATIONS + iterationsPerEpoch() - 1) / iterationsPerEpoch();
        return choice.pretrained ? Math.max(5, Math.min(20, wanted)) : Math.max(15, Math.min(60, wanted));
    }

    /** The recipe as a file with comments. */
    public String yaml() {
        String plain = yaml(Map.of());
        Recipe recipe = RecipeFile.parse(plain, "starter", Map.of());
        Set<RecipeCheck> known = EnumSet.of(RecipeCheck.EPOCH_ITERATIONS, RecipeCheck.DROPPED_IMAGES);
        Map<String, String> suppress = new TreeMap<>();
        Checks.run(recipe, facts.trainingImages).stream()
                .filter(finding -> known.contains(finding.check()))
                .forEach(finding -> suppress.put(finding.code(), SMALL_SET));
        return yaml(suppress);
    }

    private String yaml(Map<String, String> suppress) {
        int perEpoch = iterationsPerEpoch();
        List<String> lines = new ArrayList<>();
        lines.add("# Written by 'lockstep init' for " + Format.count(facts.trainingImages, "training image") + " of "
                + facts.classes + " classes, " + facts.fewestInClass + " to " + facts.mostInClass + " of each,");
        lines.add("# " + (facts.gray ? "gray" : "in color") + ", short side " + facts.shortSide
                + " pixels (median). All keys: docs/recipes.md");
        lines.add("name: " + name());
        add(lines, "epochs: " + epochs(), Format.count((long) epochs() * perEpoch) + " iterations in all");
        add(lines, "workers: " + workers, "k, logical workers; for another minibatch change this number only");
        add(
                lines,
                "images-per-worker: " + imagesPerWorker,
                "n; the minibatch is k × n = " + minibatch() + " images, " + Format.count(perEpoch, "iteration")
                        + " per epoch");
        lines.add("data:");
        lines.add("  dataset: imagefolder");
        if (facts.validationSplit > 0) {
            add(
                    lines,
                    "  validation-split: " + facts.validationSplit,
                    "this share measures the error and is never trained on; contents decide which");
        }
        add(lines, "  image-size: " + side(), sizeReason());
        if (!isSmallNetwork()) {
            add(
                    lines,
                    "  augmentation: random-resized-crop",
                    "a random part of each image, and flips; none keeps them");
        }
        lines.add("model:");
        add(lines, "  name: " + network(), networkReason());
        lines.add("learning-rate:");
        add(
                lines,
                "  reference: " + (choice.pretrained ? "0.05" : "0.1"),
                "for 256 images; used: × " + minibatch() + " / 256. 'lockstep tune' looks for a better one");
        lines.add("  reference-minibatch: 256");
        add(
                lines,
                "  warmup: {kind: gradual, epochs: " + Math.max(1, epochs() / 20) + "}",
                "matters above 256 images per minibatch");
        add(lines, "  schedule: {kind: cosine}", "falls to 0 at the end");
        if (!suppress.isEmpty()) {
            lines.add("suppress:");
            suppress.forEach((code, reason) -> lines.add("  " + code + ": " + reason));
        }
        return String.join("\n", lines) + "\n";
    }

    private String sizeReason() {
        if (choice.pretrained && side() == 224) {
            return "what the weights were trained with, as a rule";
        }
        return side() < facts.shortSide
                ? "the network sees squares of this side; larger is slower and needs more images"
                : "about the size of the images";
    }

    private String networkReason() {
        if (choice.network.isPresent()) {
            return "as you asked";
        }
        return isSmallNetwork()
                ? "for small images"
                : "for photographs; resnet34 and resnet50 need more images and time";
    }

    private static void add(List<String> lines, String key, String comment) {
        lines.add(String.format(Locale.ROOT, "%-37s # %s", key, comment));
    }

    /** The folder's name, as far as a recipe may have it. */
    private String name() {
        String name = facts.name.replaceAll("[^A-Za-z0-9._-]+", "-").replaceAll("^[^A-Za-z0-9]+", "");
        return name.isEmpty() ? "photographs" : name.substring(0, Math.min(100, name.length()));
    }
}
