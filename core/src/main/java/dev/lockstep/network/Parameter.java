package dev.lockstep.network;

import java.util.List;

/**
 * A tensor that training changes.
 *
 * @param name as in torchvision's state dict, such as {@code layer1.0.conv1.weight}
 * @param initial how its initial values are drawn
 */
public record Parameter(String name, List<Long> shape, ParameterRole role, Initial initial) {
    public Parameter {
        shape = List.copyOf(shape);
    }

    /** Elements. */
    public long length() {
        return shape.stream().reduce(1L, (a, b) -> a * b);
    }
}
