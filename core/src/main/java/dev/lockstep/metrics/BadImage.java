package dev.lockstep.metrics;

/**
 * An image that could not be read or decoded, and that another replaced ({@code --skip-bad-images}). A run reports each
 * once, when it first meets it.
 *
 * @param step iterations done when it was met, that one included
 * @param epoch counted from 0
 * @param set {@code training} or {@code validation}
 * @param index in that set
 * @param reason what is wrong with it, and its file or member
 */
public record BadImage(long step, int epoch, String set, int index, String reason) {}
