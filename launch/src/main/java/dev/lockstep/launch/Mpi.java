package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Place;
import java.util.Optional;

/**
 * The variables of an MPI implementation's {@code mpirun}: rank and size in the world, and how many run on this machine. None
 * names the machine of rank 0 for certain.
 */
abstract class Mpi implements Contract {
    private final String launcher;
    private final String rank;
    private final String size;
    private final String here;

    Mpi(String launcher, String rank, String size, String here) {
        this.launcher = launcher;
        this.rank = rank;
        this.size = size;
        this.here = here;
    }

    /** A value that all processes of one {@code mpirun}, and no others, share; empty when there is none. */
    abstract Optional<String> shared(Variables variables);

    /** The address that the launcher gives, if rank 0 is likely to run there. */
    abstract Optional<String> addressOfLauncher(Variables variables);

    /** How the user passes a variable to all processes. */
    abstract String passing(String variable);

    @Override
    public boolean applies(Variables variables) {
        return variables.has(rank) && variables.has(size);
    }

    @Override
    public Job job(Variables variables) {
        return Job.of(launcher, variables.numberOr(here, 0), Job.UNKNOWN);
    }

    @Override
    public Optional<GroupEnvironment> place(Variables variables) {
        int processes = variables.number(size, 1, Place.MOST);
        if (processes == 1) {
            return Optional.empty();
        }
        int derived = shared(variables)
                .map(text -> Master.derivedPort(text.hashCode()))
                .orElse(GroupEnvironment.USUAL_PORT);
        return Optional.of(new GroupEnvironment(
                variables.number(rank, 0, processes - 1),
                processes,
                address(variables, processes),
                Master.port(variables, derived),
                job(variables)));
    }

    private String address(Variables variables, int processes) {
        if (!variables.has(GroupEnvironment.MASTER_ADDR) && variables.numberOr(here, 0) == processes) {
            return Master.LOOPBACK;
        }
        return variables
                .text(GroupEnvironment.MASTER_ADDR)
                .or(() -> Slurm.firstHostOfJob(variables))
                .or(() -> addressOfLauncher(variables))
                .orElseThrow(() -> LockstepException.recipe(
                        launcher + " does not say on which machine rank 0 runs",
                        variables.shown(size) + ", " + variables.shown(here),
                        "give its host name or address to all processes: "
                                + passing(GroupEnvironment.MASTER_ADDR + "=HOST")));
    }

    @Override
    public String rankName() {
        return rank;
    }

    @Override
    public String sizeName() {
        return size;
    }
}
