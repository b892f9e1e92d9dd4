package dev.lockstep.network;

/**
 * What a network is for: images that it sees, classes that it tells apart.
 *
 * @param channels of an image
 * @param height in pixels
 * @param width in pixels
 */
public record ClassificationTask(int channels, int height, int width, int classes) {}
