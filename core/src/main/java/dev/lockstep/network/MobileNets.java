package dev.lockstep.network;

import dev.lockstep.network.NetworkGraph.Builder;
import dev.lockstep.network.NetworkGraph.Builder.Value;
import dev.lockstep.recipe.Recipe;
import java.util.List;

/**
 * MobileNetV2 (Sandler et al. 2018) with torchvision's parameter names: bottlenecks that are wide inside, with a
 * convolution of one channel each between two of 1×1, and shortcuts between the narrow ends. Without the dropout before
 * the classifier: a step is a function of recipe and data.
 */
public final class MobileNets implements DescribedNetwork {
    /** By stage: how much wider the inside is, output channels, blocks, stride of the first. */
    private static final int[][] STAGES = {
        {1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}
    };

    private static final int STEM = 32;
    private static final int LAST = 1280;

    @Override
    public List<String> names() {
        return List.of("mobilenet_v2");
    }

    @Override
    public NetworkGraph graph(Recipe.Model settings, ClassificationTask task) {
        DescribedNetwork.requireOwnWidth(settings, STEM);
        Builder net = NetworkGraph.of(task);
        Value x = net.relu6(normalized(net, "features.0.0", "features.0.1", net.image(), STEM, 3, 2, 1));
        int index = 1;
        for (int[] stage : STAGES) {
            for (int block = 0; block < stage[2]; block++) {
                x = bottleneck(net, "features." + index + ".conv", x, stage[0], stage[1], block == 0 ? stage[3] : 1);
                index++;
            }
        }
        String last = "features." + index;
        x = net.relu6(normalized(net, last + ".0", last + ".1", x, LAST, 1, 1, 1));
        return net.classifier("classifier.1", net.globalAverage(x), new Initial.Normal(0.01), new Initial.Constant(0));
    }

    private static Value bottleneck(Builder net, String name, Value x, int widening, int outputs, int stride) {
        int inner = widening * x.channels();
        int part = 0;
        Value y = x;
        if (widening != 1) {
            y = net.relu6(normalized(net, name + ".0.0", name + ".0.1", y, inner, 1, 1, 1));
            part++;
        }
        String wide = name + "." + part;
        y = net.relu6(normalized(net, wide + ".0", wide + ".1", y, inner, 3, stride, inner));
        y = normalized(net, name + "." + (part + 1), name + "." + (part + 2), y, outputs, 1, 1, 1);
        return y.size().equals(x.size()) ? net.add(y, x) : y;
    }

    private static Value normalized(
            Builder net, String convolution, String norm, Value x, int outputs, int kernel, int stride, int groups) {
        return net.batchNorm(norm, net.convolution(convolution, x, outputs, kernel, stride, groups), 1);
    }
}
