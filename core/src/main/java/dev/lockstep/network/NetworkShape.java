package dev.lockstep.network;

import java.util.List;

/**
 * The size of a network, without building it: floats to store, floats to send, operations to compute.
 *
 * @param layers in forward order
 * @param inputFloats of one image
 */
public record NetworkShape(List<Layer> layers, long inputFloats) {
    public NetworkShape {
        layers = List.copyOf(layers);
    }

    /**
     * An operation of the network.
     *
     * @param statistics running means and variances
     * @param flops of the forward pass of one image; a multiply-add counts as two
     * @param activationFloats that the backward pass of one image needs from the forward pass
     */
    public record Layer(String name, List<Parameter> parameters, long statistics, double flops, long activationFloats) {
        public Layer {
            parameters = List.copyOf(parameters);
        }

        /** Parameters other than γ and β. */
        public long weights() {
            return parameters.stream()
                    .filter(parameter -> parameter.role() != ParameterRole.NORM)
                    .mapToLong(Parameter::length)
                    .sum();
        }
    }

    /** The number of values that SGD updates. */
    public long parameters() {
        return layers.stream()
                .flatMap(layer -> layer.parameters().stream())
                .mapToLong(Parameter::length)
                .sum();
    }

    /** In the order of the layers. */
    public List<String> parameterNames() {
        return layers.stream()
                .flatMap(layer -> layer.parameters().stream())
                .map(Parameter::name)
                .toList();
    }

    /** The last one, which has an element, or a row, for each class. */
    public Parameter lastParameter() {
        return layers.stream()
                .flatMap(layer -> layer.parameters().stream())
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    /** Running means and variances. */
    public long batchNormStatistics() {
        return layers.stream().mapToLong(Layer::statistics).sum();
    }

    /** Of one image; a multiply-add counts as two. The backward pass takes twice as many. */
    public double forwardFlops() {
        return layers.stream().mapToDouble(Layer::flops).sum();
    }

    /** Of one image: what the forward pass keeps for the backward pass, including the image. */
    public long activationFloats() {
        return inputFloats + layers.stream().mapToLong(Layer::activationFloats).sum();
    }
}
