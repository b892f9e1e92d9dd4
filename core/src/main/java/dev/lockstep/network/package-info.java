/**
 * Networks as data: what they are made of, how large that is, and the registry in which recipes find them by name. Pure
 * arithmetic; the package {@code model} makes libtorch modules of it.
 */
@NullMarked
package dev.lockstep.network;

import org.jspecify.annotations.NullMarked;
