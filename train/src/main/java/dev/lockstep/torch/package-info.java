/**
 * The seam to libtorch: loading it, scopes that free native memory, and tensors over host memory. Depends on {@code
 * errors}, {@code image} and {@code natives}.
 */
@NullMarked
package dev.lockstep.torch;

import org.jspecify.annotations.NullMarked;
