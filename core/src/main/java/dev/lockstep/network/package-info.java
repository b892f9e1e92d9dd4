/**
 * Networks as data: their operations, their sizes, and the registry in which recipes find them by name. Pure
 * arithmetic; the package {@code model} turns them into libtorch modules.
 */
@NullMarked
package dev.lockstep.network;

import org.jspecify.annotations.NullMarked;
