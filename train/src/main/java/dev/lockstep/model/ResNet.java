package dev.lockstep.model;

import static org.bytedeco.pytorch.global.torch.max_pool2d;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.ResidualBlock.Shortcut;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.StepScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Residual networks (He et al. 2016) with torchvision's parameter names.
 *
 * <p>For small images, depth 6m+2: a 3×3 stem, three stages of m basic blocks of widths w, 2w, 4w (w = 16), shortcuts
 * without parameters. For ImageNet, depth 18 to 152: a 7×7 stem with max pooling, four stages of widths 64 to 512,
 * projection shortcuts, bottlenecks from depth 50 on.
 */
public final class ResNet extends Module implements ImageClassifier {
    private static final Map<Integer, int[]> IMAGENET_STAGES = Map.of(
            18, new int[] {2, 2, 2, 2},
            34, new int[] {3, 4, 6, 3},
            50, new int[] {3, 4, 6, 3},
            101, new int[] {3, 4, 23, 3},
            152, new int[] {3, 8, 36, 3});
    private static final List<Integer> SMALL_DEPTHS = List.of(8, 20, 32, 44, 56, 110);

    private final boolean pooledStem;
    private final boolean zeroInitResidual;
    private final Conv2dImpl stem;
    private final BatchNorm2dImpl stemNorm;
    private final List<Module> stages = new ArrayList<>();
    private final Map<String, ResidualBlock> blocks = new TreeMap<>();
    private final List<ResidualBlock> inOrder = new ArrayList<>();
    private final LinearImpl fc;

    private ResNet(
            ImageShape input,
            int classes,
            boolean pooledStem,
            int width,
            int[] depths,
            boolean bottleneck,
            boolean zeroInitResidual) {
        this.pooledStem = pooledStem;
        this.zeroInitResidual = zeroInitResidual;
        int kernel = pooledStem ? 7 : 3;
        this.stem = register_module("conv1", Layers.convolution(input.channels(), width, kernel, pooledStem ? 2 : 1));
        this.stemNorm = register_module("bn1", Layers.batchNorm(width));
        Shortcut shortcut = pooledStem ? Shortcut.PROJECTION : Shortcut.SUBSAMPLE_AND_PAD;
        int channels = width;
        for (int s = 0; s < depths.length; s++) {
            Module stage = new Module();
            stages.add(stage);
            int stageWidth = width << s;
            for (int b = 0; b < depths[s]; b++) {
                int stride = s > 0 && b == 0 ? 2 : 1;
                ResidualBlock block = bottleneck
                        ? ResidualBlock.bottleneck(channels, stageWidth, stride)
                        : ResidualBlock.basic(channels, stageWidth, stride, shortcut);
                stage.register_module(Integer.toString(b), block);
                blocks.put("layer" + (s + 1) + "." + b, block);
                inOrder.add(block);
                channels = bottleneck ? 4 * stageWidth : stageWidth;
            }
            register_module("layer" + (s + 1), stage);
        }
        this.fc = register_module("fc", new LinearImpl(channels, classes));
    }

    /** The network that a recipe names: {@code resnet8 … resnet110} for small images, {@code resnet18 … resnet152}. */
    public static ResNet fromRecipe(Recipe.Model settings, ImageShape input, int classes) {
        int depth = depthOf(settings);
        boolean zeroInit = settings.zeroInitResidual();
        if (SMALL_DEPTHS.contains(depth)) {
            int m = (depth - 2) / 6;
            int width = settings.width() == 0 ? 16 : settings.width();
            return new ResNet(input, classes, false, width, new int[] {m, m, m}, false, zeroInit);
        }
        int width = settings.width() == 0 ? 64 : settings.width();
        return new ResNet(
                input, classes, true, width, Objects.requireNonNull(IMAGENET_STAGES.get(depth)), depth >= 50, zeroInit);
    }

    /** A {@link ModelFactory} of ResNet-18 for a program that wants no other network. */
    public static ResNet resnet18(Recipe.Model settings, ImageShape input, int classes) {
        return only("resnet18", settings, input, classes);
    }

    /** A {@link ModelFactory} of ResNet-34. */
    public static ResNet resnet34(Recipe.Model settings, ImageShape input, int classes) {
        return only("resnet34", settings, input, classes);
    }

    /** A {@link ModelFactory} of ResNet-50, the paper's network. */
    public static ResNet resnet50(Recipe.Model settings, ImageShape input, int classes) {
        return only("resnet50", settings, input, classes);
    }

    /** A {@link ModelFactory} of ResNet-101. */
    public static ResNet resnet101(Recipe.Model settings, ImageShape input, int classes) {
        return only("resnet101", settings, input, classes);
    }

    /** A {@link ModelFactory} of ResNet-152. */
    public static ResNet resnet152(Recipe.Model settings, ImageShape input, int classes) {
        return only("resnet152", settings, input, classes);
    }

    /** Checkpoints carry the recipe, so its network must be the one that was trained. */
    private static ResNet only(String name, Recipe.Model settings, ImageShape input, int classes) {
        if (!settings.name().equals(name)) {
            throw LockstepException.recipe(
                    "model.name = " + settings.name(), "this program trains " + name, "set model.name to " + name);
        }
        return fromRecipe(settings, input, classes);
    }

    private static int depthOf(Recipe.Model settings) {
        String name = settings.name();
        if (name.matches("resnet[0-9]{1,3}")) {
            int depth = Integer.parseInt(name.substring("resnet".length()));
            if (SMALL_DEPTHS.contains(depth) || IMAGENET_STAGES.containsKey(depth)) {
                return depth;
            }
        }
        throw settings.noSuchNetwork();
    }

    @Override
    public Tensor forward(Tensor images) {
        try (StepScope scope = new StepScope()) {
            Tensor x = stem(images);
            for (ResidualBlock block : inOrder) {
                Tensor next = block.forward(x);
                // Backward keeps what it needs; an evaluation needs nothing of the layers that it has passed.
                scope.release(x);
                x = next;
            }
            return scope.give(fc.forward(x.mean(2, 3)));
        }
    }

    private Tensor stem(Tensor images) {
        try (StepScope scope = new StepScope()) {
            Tensor x = stemNorm.forward(stem.forward(images)).relu_();
            return scope.give(
                    pooledStem
                            ? max_pool2d(
                                    x,
                                    new long[] {3, 3},
                                    new long[] {2, 2},
                                    new long[] {1, 1},
                                    new long[] {1, 1},
                                    false)
                            : x);
        }
    }

    @Override
    public void initialize(long seed) {
        Layers.heFanOut(stem, seed, "conv1");
        blocks.forEach((name, block) -> block.initialize(seed, name, zeroInitResidual));
        Layers.classifier(fc, seed, "fc");
    }
}
