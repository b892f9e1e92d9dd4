package dev.lockstep.network;

/**
 * What a parameter is for, which decides whether it is decayed. Determined by the layer that owns it, never by its name.
 */
public enum ParameterRole {
    /** A kernel or matrix. */
    WEIGHT,
    /** The bias of a convolution or of a linear layer. */
    BIAS,
    /** γ or β of a normalization layer. */
    NORM
}
