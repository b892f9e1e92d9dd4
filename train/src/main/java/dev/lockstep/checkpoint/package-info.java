/**
 * Files of weights: safetensors, PyTorch's own (read as data, nothing in them runs), checkpoints with everything a run needs
 * to go on, and the folder that keeps the newest good ones. Depends on {@code errors}, {@code model} and {@code torch}.
 */
@NullMarked
package dev.lockstep.checkpoint;

import org.jspecify.annotations.NullMarked;
