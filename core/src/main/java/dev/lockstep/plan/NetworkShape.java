package dev.lockstep.plan;

import dev.lockstep.recipe.Recipe;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How large a residual network is, without building it: floats to store, floats to send, operations to compute.
 *
 * @param name as recipes write it
 * @param layers in forward order
 * @param inputFloats of one image
 */
public record NetworkShape(String name, List<Layer> layers, long inputFloats) {
    private static final Map<Integer, int[]> IMAGENET_BLOCKS = Map.of(
            18, new int[] {2, 2, 2, 2},
            34, new int[] {3, 4, 6, 3},
            50, new int[] {3, 4, 6, 3},
            101, new int[] {3, 4, 23, 3},
            152, new int[] {3, 8, 36, 3});
    private static final List<Integer> SMALL_DEPTHS = List.of(8, 20, 32, 44, 56, 110);
    private static final int FIRST_BOTTLENECK_DEPTH = 50;

    public NetworkShape {
        layers = List.copyOf(layers);
    }

    /**
     * A convolution with its batch norm, a pooling, the sum that ends a block, or the classifier.
     *
     * @param weights of the convolution or the classifier, biases included
     * @param normChannels of the batch norm: it has as many γ, β, running means and running variances
     * @param flops of the forward pass of one image; a multiply-add counts as two
     * @param activationFloats that the backward pass of one image needs from the forward pass
     */
    public record Layer(String name, long weights, long normChannels, double flops, long activationFloats) {
        public long parameters() {
            return weights + 2 * normChannels;
        }
    }

    /**
     * What commands ask first: they train no other networks than ours.
     *
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE that names ours when it is none of them
     */
    public static void requireKnown(Recipe.Model model) {
        if (depth(model).isEmpty()) {
            throw model.noSuchNetwork();
        }
    }

    private static OptionalInt depth(Recipe.Model model) {
        if (!model.name().matches("resnet[0-9]{1,3}")) {
            return OptionalInt.empty();
        }
        int depth = Integer.parseInt(model.name().substring("resnet".length()));
        return IMAGENET_BLOCKS.containsKey(depth) || SMALL_DEPTHS.contains(depth)
                ? OptionalInt.of(depth)
                : OptionalInt.empty();
    }

    /**
     * The network that a recipe names; empty when it is none of ours.
     *
     * @param data the image that it sees, and the classes
     */
    public static Optional<NetworkShape> of(Recipe.Model model, DatasetFacts data) {
        OptionalInt known = depth(model);
        if (known.isEmpty()) {
            return Optional.empty();
        }
        int depth = known.getAsInt();
        NetworkWalk walk = new NetworkWalk(data.channels(), data.height(), data.width());
        int[] blocks = IMAGENET_BLOCKS.get(depth);
        if (blocks != null) {
            walk.imagenet(model.width() == 0 ? 64 : model.width(), blocks, depth >= FIRST_BOTTLENECK_DEPTH);
        } else {
            walk.small(model.width() == 0 ? 16 : model.width(), (depth - 2) / 6);
        }
        walk.classifier(data.classes());
        long inputFloats = (long) data.channels() * data.height() * data.width();
        return Optional.of(new NetworkShape(model.name(), walk.layers(), inputFloats));
    }

    /** Everything that SGD updates. */
    public long parameters() {
        return layers.stream().mapToLong(Layer::parameters).sum();
    }

    /** γ and β of all batch norms: parameters without weight decay. */
    public long normParameters() {
        return 2 * layers.stream().mapToLong(Layer::normChannels).sum();
    }

    /** Running means and variances. */
    public long batchNormStatistics() {
        return normParameters();
    }

    /** Of one image; a multiply-add counts as two. The backward pass takes twice as many. */
    public double forwardFlops() {
        return layers.stream().mapToDouble(Layer::flops).sum();
    }

    /** Of one image: what the forward pass keeps for the backward pass, the image included. */
    public long activationFloats() {
        return inputFloats + layers.stream().mapToLong(Layer::activationFloats).sum();
    }
}
