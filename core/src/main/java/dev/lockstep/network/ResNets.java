package dev.lockstep.network;

import dev.lockstep.network.NetworkGraph.Builder;
import dev.lockstep.network.NetworkGraph.Builder.Value;
import dev.lockstep.recipe.Recipe;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Residual networks (He et al. 2016) with torchvision's parameter names.
 *
 * <p>For small images, depth 6m+2: a 3×3 stem, three stages of m basic blocks of widths w, 2w, 4w (w = 16), shortcuts
 * without parameters. For ImageNet, depth 18 to 152: a 7×7 stem with max pooling, four stages of widths w to 8w (w = 64),
 * projection shortcuts, bottlenecks from depth 50 on. {@code model.width} sets w.
 *
 * <p>ResNeXt (Xie et al. 2017) and wide ResNets (Zagoruyko and Komodakis 2016) are 50 layers deep; their bottlenecks are
 * twice as wide inside, and ResNeXt divides the 3×3 convolution into 32 groups.
 */
public final class ResNets implements DescribedNetwork {
    private static final String PREFIX = "resnet";
    private static final List<Integer> SMALL_DEPTHS = List.of(8, 20, 32, 44, 56, 110);
    private static final Map<Integer, int[]> IMAGENET_BLOCKS = Map.of(
            18, new int[] {2, 2, 2, 2},
            34, new int[] {3, 4, 6, 3},
            50, new int[] {3, 4, 6, 3},
            101, new int[] {3, 4, 23, 3},
            152, new int[] {3, 8, 36, 3});
    private static final int SMALL_WIDTH = 16;
    private static final int IMAGENET_WIDTH = 64;
    private static final int FIRST_BOTTLENECK_DEPTH = 50;
    /** Bottlenecks widen by this factor at their end. */
    private static final int EXPANSION = 4;

    private static final Map<String, Variant> VARIANTS =
            Map.of("resnext50_32x4d", new Variant(50, 2, 32), "wide_resnet50_2", new Variant(50, 2, 1));

    /**
     * What differs in the bottlenecks.
     *
     * @param inner width of the 3×3 convolution, in units of the stage's width
     * @param groups of the 3×3 convolution
     */
    private record Variant(int depth, int inner, int groups) {}
    /** Whether this is the name of a residual network for small images. */
    public static boolean isForSmallImages(String name) {
        return SMALL_DEPTHS.stream().anyMatch(depth -> name.equals(PREFIX + depth));
    }

    @Override
    public List<String> names() {
        Stream<String> plain = Stream.concat(
                        SMALL_DEPTHS.stream(), IMAGENET_BLOCKS.keySet().stream().sorted())
                .map(depth -> PREFIX + depth);
        return Stream.concat(plain, VARIANTS.keySet().stream().sorted()).toList();
    }

    @Override
    public NetworkGraph graph(Recipe.Model settings, ClassificationTask task) {
        Variant variant = variant(settings);
        int depth = variant.depth;
        boolean small = SMALL_DEPTHS.contains(depth);
        int width = settings.width() != 0 ? settings.width() : small ? SMALL_WIDTH : IMAGENET_WIDTH;
        int[] blocks = small
                ? IntStream.generate(() -> (depth - 2) / 6).limit(3).toArray()
                : Objects.requireNonNull(IMAGENET_BLOCKS.get(depth));
        double lastGamma = settings.zeroInitResidual() ? 0 : 1;
        Builder net = NetworkGraph.of(task);
        Value x = small ? stem(net, width, 3, 1) : net.maxPool(stem(net, width, 7, 2), 3, 2);
        for (int stage = 0; stage < blocks.length; stage++) {
            for (int block = 0; block < blocks[stage]; block++) {
                String name = "layer" + (stage + 1) + "." + block;
                int stride = stage > 0 && block == 0 ? 2 : 1;
                x = depth >= FIRST_BOTTLENECK_DEPTH && !small
                        ? bottleneck(net, name, x, width << stage, variant, stride, lastGamma)
                        : basic(net, name, x, width << stage, stride, !small, lastGamma);
            }
        }
        return net.classifier("fc", net.globalAverage(x), new Initial.Normal(0.01), new Initial.Constant(0));
    }

    private static Variant variant(Recipe.Model settings) {
        Variant variant = VARIANTS.get(settings.name());
        if (variant != null) {
            DescribedNetwork.requireOwnWidth(settings, IMAGENET_WIDTH);
            return variant;
        }
        return new Variant(Integer.parseInt(settings.name().substring(PREFIX.length())), 1, 1);
    }

    private static Value stem(Builder net, int width, int kernel, int stride) {
        return net.relu(net.batchNorm("bn1", net.convolution("conv1", net.image(), width, kernel, stride), 1));
    }

    private static Value basic(
            Builder net, String name, Value x, int width, int stride, boolean projects, double lastGamma) {
        Value y = normalized(net, name, 1, x, width, 3, stride, 1, 1);
        y = normalized(net, name, 2, net.relu(y), width, 3, 1, 1, lastGamma);
        Value shortcut = projects ? projection(net, name, x, y, stride) : subsampled(net, x, y, stride);
        return net.relu(net.add(y, shortcut));
    }

    /** The stride is on the 3×3 convolution (paper, section 5.1). */
    private static Value bottleneck(
            Builder net, String name, Value x, int width, Variant variant, int stride, double lastGamma) {
        int inner = variant.inner * width;
        Value y = normalized(net, name, 1, x, inner, 1, 1, 1, 1);
        y = normalized(net, name, 2, net.relu(y), inner, 3, stride, variant.groups, 1);
        y = normalized(net, name, 3, net.relu(y), EXPANSION * width, 1, 1, 1, lastGamma);
        return net.relu(net.add(y, projection(net, name, x, y, stride)));
    }

    private static Value normalized(
            Builder net,
            String block,
            int number,
            Value x,
            int width,
            int kernel,
            int stride,
            int groups,
            double gamma) {
        Value y = net.convolution(block + ".conv" + number, x, width, kernel, stride, groups);
        return net.batchNorm(block + ".bn" + number, y, gamma);
    }

    /** A 1×1 convolution with batch norm where the sizes differ (option B). */
    private static Value projection(Builder net, String block, Value x, Value y, int stride) {
        return x.size().equals(y.size())
                ? x
                : net.batchNorm(
                        block + ".downsample.1",
                        net.convolution(block + ".downsample.0", x, y.channels(), 1, stride),
                        1);
    }

    /** Every stride-th pixel, zero channels appended: no parameters (option A). */
    private static Value subsampled(Builder net, Value x, Value y, int stride) {
        Value kept = stride == 1 ? x : net.add("subsample", new Operation.Subsample(stride), x);
        int appended = y.channels() - x.channels();
        return appended == 0 ? kept : net.add("pad", new Operation.PadChannels(appended), kept);
    }
}
