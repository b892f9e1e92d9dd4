/**
 * JPEG and PNG files to pixels and back. Headers are read and judged in Java before any pixel is decoded; OpenCV does the
 * pixels, with one thread. The only image package that may use {@code org.bytedeco}. Depends on {@code image} and
 * {@code errors}.
 */
@NullMarked
package dev.lockstep.image.codec;

import org.jspecify.annotations.NullMarked;
