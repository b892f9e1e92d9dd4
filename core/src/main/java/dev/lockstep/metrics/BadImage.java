package dev.lockstep.metrics;

/**
 * An image that could not be read or decoded, and was replaced by another ({@code --skip-bad-images}). A run reports each
 * once, when it first finds it.
 *
 * @param step iterations done when it was found, including the current one
 * @param epoch counted from 0
 * @param set {@code training} or {@code validation}
 * @param index in that set
 * @param reason the problem, and the file or member
 */
public record BadImage(long step, int epoch, String set, int index, String reason) {}
