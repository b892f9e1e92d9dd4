package dev.lockstep.network;

/**
 * The task of a network: the images that it sees and the classes that it distinguishes.
 *
 * @param channels of an image
 * @param height in pixels
 * @param width in pixels
 */
public record ClassificationTask(int channels, int height, int width, int classes) {}
