package dev.lockstep.network;

import dev.lockstep.network.NetworkGraph.Builder;
import dev.lockstep.network.NetworkGraph.Builder.Value;
import dev.lockstep.recipe.Recipe;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * ShuffleNet V2 (Ma et al. 2018) with torchvision's parameter names: units that work on one half of the channels and then
 * shuffle both halves. Initial values are drawn as PyTorch's layers do.
 */
public final class ShuffleNets implements DescribedNetwork {
    private static final String PREFIX = "shufflenet_v2_x";
    private static final int STEM = 24;
    /** Units of the stages 2 to 4. */
    private static final int[] UNITS = {4, 8, 4};
    /** Of the stages 2 to 4, then of the last convolution. */
    private static final Map<String, int[]> CHANNELS = Map.of(
            "0_5", new int[] {48, 96, 192, 1024},
            "1_0", new int[] {116, 232, 464, 1024},
            "1_5", new int[] {176, 352, 704, 1024},
            "2_0", new int[] {244, 488, 976, 2048});

    @Override
    public List<String> names() {
        return CHANNELS.keySet().stream().sorted().map(size -> PREFIX + size).toList();
    }

    @Override
    public NetworkGraph graph(Recipe.Model settings, ClassificationTask task) {
        DescribedNetwork.requireOwnWidth(settings, STEM);
        int[] channels = Objects.requireNonNull(CHANNELS.get(settings.name().substring(PREFIX.length())));
        Builder net = NetworkGraph.of(task);
        Value x = net.relu(normalized(net, "conv1", 0, net.image(), STEM, 3, 2, 1));
        x = net.maxPool(x, 3, 2);
        for (int stage = 0; stage < UNITS.length; stage++) {
            for (int unit = 0; unit < UNITS[stage]; unit++) {
                String name = "stage" + (stage + 2) + "." + unit;
                x = unit == 0 ? halving(net, name, x, channels[stage] / 2) : keeping(net, name, x);
            }
        }
        x = net.relu(normalized(net, "conv5", 0, x, channels[UNITS.length], 1, 1, 1));
        Initial initial = Initial.fanIn(x.channels());
        return net.classifier("fc", net.globalAverage(x), initial, initial);
    }

    /** Halves the image; both branches see all channels. */
    private static Value halving(Builder net, String name, Value x, int width) {
        Value left = normalized(net, name + ".branch1", 0, x, x.channels(), 3, 2, x.channels());
        left = net.relu(normalized(net, name + ".branch1", 2, left, width, 1, 1, 1));
        return shuffled(net, left, branch2(net, name, x, width, 2));
    }

    /** Keeps the size of the image; the first half of the channels passes unchanged. */
    private static Value keeping(Builder net, String name, Value x) {
        int half = x.channels() / 2;
        Value left = net.add("chunk", new Operation.Channels(0, half), x);
        Value right = net.add("chunk", new Operation.Channels(half, half), x);
        return shuffled(net, left, branch2(net, name, right, half, 1));
    }

    private static Value branch2(Builder net, String name, Value x, int width, int stride) {
        String branch = name + ".branch2";
        Value y = net.relu(normalized(net, branch, 0, x, width, 1, 1, 1));
        y = normalized(net, branch, 3, y, width, 3, stride, width);
        return net.relu(normalized(net, branch, 5, y, width, 1, 1, 1));
    }

    private static Value shuffled(Builder net, Value left, Value right) {
        return net.add("shuffle", new Operation.Shuffle(2), net.add("cat", new Operation.Concatenate(), left, right));
    }

    /** A convolution and its batch norm, at {@code index} and the next position in a sequence. */
    private static Value normalized(
            Builder net, String sequence, int index, Value x, int outputs, int kernel, int stride, int groups) {
        Initial initial = Initial.fanIn((long) x.channels() / groups * kernel * kernel);
        Operation convolution =
                new Operation.Convolution(x.channels(), outputs, kernel, stride, kernel / 2, groups, false, initial);
        return net.batchNorm(sequence + "." + (index + 1), net.add(sequence + "." + index, convolution, x), 1);
    }
}
