/**
 * Augmentation, resizing and normalization: from an image to network input. Depends on {@code image} and {@code
 * sampling}.
 */
@NullMarked
package dev.lockstep.image.transform;

import org.jspecify.annotations.NullMarked;
