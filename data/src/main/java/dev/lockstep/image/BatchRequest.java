package dev.lockstep.image;

/**
 * Which samples to load.
 *
 * @param step the iteration since the start of training (or the number of the evaluation's batch)
 * @param epoch keys the augmentation
 * @param worker who the batch is for
 * @param samples indices into the dataset
 */
public record BatchRequest(long step, int epoch, int worker, int[] samples) {}
