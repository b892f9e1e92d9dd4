package dev.lockstep.launch;

import java.util.Optional;

/** What one launcher tells the processes that it starts, in environment variables. */
interface Contract {
    /** Whether its variables are there. */
    boolean applies(Variables variables);

    Job job(Variables variables);

    /**
     * The place of this process; empty when the launcher started no other.
     *
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when the variables are wrong, or do not suffice
     */
    Optional<GroupEnvironment> place(Variables variables);

    /** The variables with the rank and the number of processes, for messages. */
    String rankName();

    String sizeName();
}
