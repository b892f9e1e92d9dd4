/**
 * Decodes JPEG and PNG files to pixels, and encodes them. Files are checked in Java before OpenCV decodes the pixels,
 * on one thread. This is the only image package that may use {@code org.bytedeco}.
 */
@NullMarked
package dev.lockstep.image.codec;

import org.jspecify.annotations.NullMarked;
