package dev.lockstep.plan;

import java.util.ArrayList;
import java.util.List;

/** Walks an image through a residual network, layer by layer, and notes what each layer takes. */
final class NetworkWalk {
    /** Bottlenecks widen by this factor at their end (He et al. 2016). */
    private static final int EXPANSION = 4;

    private final List<NetworkShape.Layer> layers = new ArrayList<>();
    private int channels;
    private int height;
    private int width;

    NetworkWalk(int channels, int height, int width) {
        this.channels = channels;
        this.height = height;
        this.width = width;
    }

    List<NetworkShape.Layer> layers() {
        return layers;
    }

    /** 3×3 stem, three stages of basic blocks of widths w, 2w, 4w, shortcuts without parameters. */
    void small(int stem, int blocksPerStage) {
        convolution("conv1", stem, 3, 1);
        relu();
        for (int stage = 0; stage < 3; stage++) {
            for (int block = 0; block < blocksPerStage; block++) {
                basic("layer" + (stage + 1) + "." + block, stem << stage, stride(stage, block), false);
            }
        }
    }

    /** 7×7 stem, max pooling, four stages of widths w to 8w, projection shortcuts. */
    void imagenet(int stem, int[] blocksPerStage, boolean bottleneck) {
        convolution("conv1", stem, 7, 2);
        relu();
        maxPool();
        for (int stage = 0; stage < blocksPerStage.length; stage++) {
            for (int block = 0; block < blocksPerStage[stage]; block++) {
                String name = "layer" + (stage + 1) + "." + block;
                if (bottleneck) {
                    bottleneck(name, stem << stage, stride(stage, block));
                } else {
                    basic(name, stem << stage, stride(stage, block), true);
                }
            }
        }
    }

    /** Mean over positions, then a linear layer. */
    void classifier(int classes) {
        long weights = (long) channels * classes;
        layers.add(new NetworkShape.Layer("fc", weights + classes, 0, 2.0 * weights + floats(), channels + classes));
    }

    private static int stride(int stage, int block) {
        return stage > 0 && block == 0 ? 2 : 1;
    }

    private void basic(String name, int to, int stride, boolean projection) {
        if (projection && (stride != 1 || channels != to)) {
            shortcut(name, to, stride);
        }
        convolution(name + ".conv1", to, 3, stride);
        relu();
        convolution(name + ".conv2", to, 3, 1);
        relu();
    }

    /** The stride is on the 3×3 convolution (paper, section 5.1). */
    private void bottleneck(String name, int inner, int stride) {
        if (stride != 1 || channels != EXPANSION * inner) {
            shortcut(name, EXPANSION * inner, stride);
        }
        convolution(name + ".conv1", inner, 1, 1);
        relu();
        convolution(name + ".conv2", inner, 3, stride);
        relu();
        convolution(name + ".conv3", EXPANSION * inner, 1, 1);
        relu();
    }

    private void shortcut(String name, int to, int stride) {
        int fromChannels = channels;
        int fromHeight = height;
        int fromWidth = width;
        convolution(name + ".downsample", to, 1, stride);
        channels = fromChannels;
        height = fromHeight;
        width = fromWidth;
    }

    /** A padded convolution without bias, and its batch norm, which keeps the convolution's output. */
    private void convolution(String name, int to, int kernel, int stride) {
        height = (height + stride - 1) / stride;
        width = (width + stride - 1) / stride;
        long weights = (long) channels * to * kernel * kernel;
        channels = to;
        double flops = 2.0 * weights * height * width + 2.0 * floats();
        layers.add(new NetworkShape.Layer(name, weights, to, flops, floats()));
    }

    /** Its output is kept: for its own backward pass, and as the input of the next convolution. */
    private void relu() {
        layers.add(new NetworkShape.Layer("relu", 0, 0, floats(), floats()));
    }

    /** 3×3 with stride 2; keeps its output and the 64-bit index of every maximum. */
    private void maxPool() {
        height = (height + 1) / 2;
        width = (width + 1) / 2;
        layers.add(new NetworkShape.Layer("maxpool", 0, 0, 9.0 * floats(), 3 * floats()));
    }

    private long floats() {
        return (long) channels * height * width;
    }
}
