package dev.lockstep.image;

/**
 * Which samples to load.
 *
 * @param step the iteration since the start of training (or the number of the batch in an evaluation)
 * @param epoch the epoch, part of the augmentation's key
 * @param worker the worker that the batch is for
 * @param samples indices into the dataset
 */
public record BatchRequest(long step, int epoch, int worker, int[] samples) {}
