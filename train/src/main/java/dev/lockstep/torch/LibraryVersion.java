package dev.lockstep.torch;

/**
 * A library that a device needs.
 *
 * @param name as people know it, such as {@code cuDNN}
 * @param compiled the version with which libtorch was compiled
 * @param loaded the version in this process
 * @param problem what is wrong with it; empty if nothing is
 */
public record LibraryVersion(String name, String compiled, String loaded, String problem) {}
