/** Augmentation, resizing and normalization: from an image to network input. */
@NullMarked
package dev.lockstep.image.transform;

import org.jspecify.annotations.NullMarked;
