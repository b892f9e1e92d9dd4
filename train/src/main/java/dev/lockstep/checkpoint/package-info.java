/**
 * Weight files: safetensors and PyTorch's format (read as data, without running code), checkpoints with everything
 * needed to resume a run, and the folder that keeps the newest good ones.
 */
@NullMarked
package dev.lockstep.checkpoint;

import org.jspecify.annotations.NullMarked;
