/**
 * The interface to libtorch: loading it, scopes that free native memory, and the device that stores tensors. Depends
 * on {@code errors} and {@code natives}.
 */
@NullMarked
package dev.lockstep.torch;

import org.jspecify.annotations.NullMarked;
