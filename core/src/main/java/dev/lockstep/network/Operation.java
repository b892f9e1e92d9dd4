package dev.lockstep.network;

import java.util.ArrayList;
import java.util.List;

/**
 * One operation of a network: its output size, its parameters, and its cost. Costs are those of
 * one image in the forward pass; a multiply-add counts as two operations.
 */
public sealed interface Operation {
    /** Channels, height and width of one image between two operations. A vector is n × 1 × 1. */
    record Size(int channels, int height, int width) {
        public long floats() {
            return (long) channels * height * width;
        }

        private Size windowed(int outputs, int kernel, int stride, int padding) {
            return new Size(
                    outputs, (height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1);
        }
    }

    /**
     * The size of the output.
     *
     * @param inputs at least one
     * @throws IllegalArgumentException when the sizes do not suit the operation
     */
    Size output(List<Size> inputs);

    /** What it does, in a few words for people. */
    String label();

    /** Its parameters. */
    default List<Parameter> parameters(String name) {
        return List.of();
    }

    /** Running means and variances. */
    default long statistics() {
        return 0;
    }

    default double flops(Size input, Size output) {
        return 0;
    }

    /** Whether its backward pass needs its input. */
    default boolean keepsInput() {
        return false;
    }

    /** Whether its backward pass needs its output, which must not be overwritten then. */
    default boolean keepsOutput() {
        return false;
    }

    /** Floats that its backward pass needs besides input and output. */
    default long keeps(Size output) {
        return 0;
    }

    /** Whether its output is part of its input's memory. */
    default boolean isView() {
        return false;
    }

    /** The image that the network sees. */
    record Image(Size size) implements Operation {
        @Override
        public String label() {
            return "image";
        }

        @Override
        public Size output(List<Size> inputs) {
            return size;
        }
    }

    /**
     * A k × k convolution.
     *
     * @param kernel k
     * @param groups of channels; each sees only its own inputs
     * @param initial of its kernels; biases start at 0
     */
    record Convolution(
            int inputs, int outputs, int kernel, int stride, int padding, int groups, boolean hasBias, Initial initial)
            implements Operation {
        @Override
        public String label() {
            return square(kernel)
                    + " convolution"
                    + (stride == 1 ? "" : ", stride " + stride)
                    + (groups == 1 ? "" : ", " + groups + " groups");
        }

        @Override
        public Size output(List<Size> sizes) {
            require(sizes.get(0).channels == inputs, "channels = " + sizes.get(0).channels + ", inputs = " + inputs);
            require(
                    inputs % groups == 0 && outputs % groups == 0,
                    "groups = " + groups + ", inputs = " + inputs + ", outputs = " + outputs);
            return sizes.get(0).windowed(outputs, kernel, stride, padding);
        }

        @Override
        public List<Parameter> parameters(String name) {
            return weightAndBias(
                    name,
                    List.of((long) outputs, (long) inputs / groups, (long) kernel, (long) kernel),
                    initial,
                    hasBias);
        }

        @Override
        public double flops(Size input, Size output) {
            double weights = (double) inputs / groups * outputs * kernel * kernel;
            return 2 * weights * output.height * output.width;
        }

        @Override
        public boolean keepsInput() {
            return true;
        }
    }

    /**
     * Batch normalization over the positions of all images of a worker.
     *
     * @param gamma the initial value of γ; β starts at 0
     */
    record BatchNorm(int channels, double gamma) implements Operation {
        @Override
        public String label() {
            return "batch norm";
        }

        @Override
        public Size output(List<Size> inputs) {
            require(
                    inputs.get(0).channels == channels,
                    "channels = " + inputs.get(0).channels + ", normalized = " + channels);
            return inputs.get(0);
        }

        @Override
        public List<Parameter> parameters(String name) {
            List<Long> shape = List.of((long) channels);
            return List.of(
                    new Parameter(name + ".weight", shape, ParameterRole.NORM, new Initial.Constant(gamma)),
                    new Parameter(name + ".bias", shape, ParameterRole.NORM, new Initial.Constant(0)));
        }

        @Override
        public long statistics() {
            return 2L * channels;
        }

        @Override
        public double flops(Size input, Size output) {
            return 2.0 * output.floats();
        }

        @Override
        public boolean keepsInput() {
            return true;
        }
    }

    /** max(x, 0). */
    record Relu() implements Operation {
        @Override
        public String label() {
            return "ReLU";
        }

        @Override
        public Size output(List<Size> inputs) {
            return inputs.get(0);
        }

        @Override
        public double flops(Size input, Size output) {
            return output.floats();
        }

        @Override
        public boolean keepsOutput() {
            return true;
        }
    }

    /** min(max(x, 0), 6). */
    record Relu6() implements Operation {
        @Override
        public String label() {
            return "ReLU up to 6";
        }

        @Override
        public Size output(List<Size> inputs) {
            return inputs.get(0);
        }

        @Override
        public double flops(Size input, Size output) {
            return output.floats();
        }

        @Override
        public boolean keepsOutput() {
            return true;
        }
    }

    /** The largest value in each k × k window. */
    record MaxPool(int kernel, int stride, int padding) implements Operation {
        @Override
        public String label() {
            return square(kernel) + " maximum, stride " + stride;
        }

        @Override
        public Size output(List<Size> inputs) {
            return inputs.get(0).windowed(inputs.get(0).channels, kernel, stride, padding);
        }

        @Override
        public double flops(Size input, Size output) {
            return (double) kernel * kernel * output.floats();
        }

        @Override
        public boolean keepsInput() {
            return true;
        }

        /** The 64-bit index of every maximum. */
        @Override
        public long keeps(Size output) {
            return 2 * output.floats();
        }
    }

    /** The mean over all positions. */
    record GlobalAverage() implements Operation {
        @Override
        public String label() {
            return "mean over all positions";
        }

        @Override
        public Size output(List<Size> inputs) {
            return new Size(inputs.get(0).channels, 1, 1);
        }

        @Override
        public double flops(Size input, Size output) {
            return input.floats();
        }
    }

    /**
     * A matrix and a bias.
     *
     * @param initialBias as {@code initial}, of the bias
     */
    record Linear(int inputs, int outputs, Initial initial, Initial initialBias) implements Operation {
        @Override
        public String label() {
            return "linear layer";
        }

        @Override
        public Size output(List<Size> sizes) {
            require(sizes.get(0).floats() == inputs, "values = " + sizes.get(0).floats() + ", inputs = " + inputs);
            return new Size(outputs, 1, 1);
        }

        @Override
        public List<Parameter> parameters(String name) {
            return List.of(
                    new Parameter(
                            name + ".weight", List.of((long) outputs, (long) inputs), ParameterRole.WEIGHT, initial),
                    new Parameter(name + ".bias", List.of((long) outputs), ParameterRole.BIAS, initialBias));
        }

        @Override
        public double flops(Size input, Size output) {
            return 2.0 * inputs * outputs;
        }

        @Override
        public boolean keepsInput() {
            return true;
        }
    }

    /** The sum of two images. Counted with the ReLU that follows it. */
    record Add() implements Operation {
        @Override
        public String label() {
            return "sum";
        }

        @Override
        public Size output(List<Size> inputs) {
            require(inputs.get(0).equals(inputs.get(1)), inputs.get(0) + " + " + inputs.get(1));
            return inputs.get(0);
        }
    }

    /** Every stride-th pixel. */
    record Subsample(int stride) implements Operation {
        @Override
        public String label() {
            return "every " + (stride == 2 ? "second" : stride + "th") + " pixel";
        }

        @Override
        public Size output(List<Size> inputs) {
            return inputs.get(0).windowed(inputs.get(0).channels, 1, stride, 0);
        }

        @Override
        public boolean isView() {
            return true;
        }
    }

    /** Appends channels of zeros. */
    record PadChannels(int appended) implements Operation {
        @Override
        public String label() {
            return appended + " channels of zeros";
        }

        @Override
        public Size output(List<Size> inputs) {
            Size input = inputs.get(0);
            return new Size(input.channels + appended, input.height, input.width);
        }
    }

    /** Some of the channels, starting at {@code first}. */
    record Channels(int first, int count) implements Operation {
        @Override
        public String label() {
            return "channels " + first + " to " + (first + count - 1);
        }

        @Override
        public Size output(List<Size> inputs) {
            Size input = inputs.get(0);
            require(first + count <= input.channels, "channels = " + input.channels + ", taken = " + this);
            return new Size(count, input.height, input.width);
        }

        @Override
        public boolean isView() {
            return true;
        }
    }

    /** Concatenates the channels of several images. */
    record Concatenate() implements Operation {
        @Override
        public String label() {
            return "all channels of both";
        }

        @Override
        public Size output(List<Size> inputs) {
            Size first = inputs.get(0);
            require(
                    inputs.stream().allMatch(size -> size.height == first.height && size.width == first.width),
                    "sizes = " + inputs);
            return new Size(inputs.stream().mapToInt(Size::channels).sum(), first.height, first.width);
        }
    }

    /** Interleaves the channels of equal groups: the first of each, then the second of each (Zhang et al. 2018). */
    record Shuffle(int groups) implements Operation {
        @Override
        public String label() {
            return "channels of " + groups + " groups in turns";
        }

        @Override
        public Size output(List<Size> inputs) {
            require(
                    inputs.get(0).channels % groups == 0,
                    "channels = " + inputs.get(0).channels + ", groups = " + groups);
            return inputs.get(0);
        }
    }

    private static List<Parameter> weightAndBias(String name, List<Long> shape, Initial initial, boolean hasBias) {
        List<Parameter> parameters = new ArrayList<>();
        parameters.add(new Parameter(name + ".weight", shape, ParameterRole.WEIGHT, initial));
        if (hasBias) {
            parameters.add(
                    new Parameter(name + ".bias", List.of(shape.get(0)), ParameterRole.BIAS, new Initial.Constant(0)));
        }
        return parameters;
    }

    private static String square(int side) {
        return side + "×" + side;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
