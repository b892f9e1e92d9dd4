package dev.lockstep.torch;

/** The numbers with which a device computes forward and backward. Weights, their update and all sums over workers are float32. */
public enum Arithmetic {
    /** 32 bits. */
    FLOAT32,
    /** float32 whose products are computed with 10 bits behind the point, and added in float32. */
    TF32,
    /** 16 bits with the exponent of float32, for activations and for the copies of the weights that convolutions use. */
    BF16
}
