package dev.lockstep.recipe;

/**
 * A kind of optimizer, as a recipe names it in {@code optimizer.kind}. A program adds a kind by a provider of this service
 * ({@link java.util.ServiceLoader}) that also makes the optimizer: {@code dev.lockstep.optim.OptimizerFactory}.
 */
public interface OptimizerKind {
    /** The value of {@code optimizer.kind}. Lockstep's own kinds come before others of the same name. */
    String name();

    /** A record: its components are the settings, each with its {@link Default}. */
    Class<? extends OptimizerSettings> settings();
}
