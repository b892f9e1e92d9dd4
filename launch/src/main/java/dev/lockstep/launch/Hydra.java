package dev.lockstep.launch;

import java.util.Optional;

/** Hydra, the {@code mpiexec} of MPICH and Intel MPI. Slurm's own PMI has the same variables, but Slurm says more. */
final class Hydra extends Mpi {
    private static final String RANK = "PMI_RANK";
    private static final String SIZE = "PMI_SIZE";

    Hydra() {
        super("Hydra (MPICH)", RANK, SIZE, "MPI_LOCALNRANKS");
    }

    @Override
    public boolean applies(Variables variables) {
        return super.applies(variables) && !isSlurms(variables);
    }

    private static boolean isSlurms(Variables variables) {
        return new Slurm().applies(variables)
                && variables.text(RANK).equals(variables.text(Slurm.RANK))
                && variables.text(SIZE).equals(variables.text(Slurm.SIZE));
    }

    @Override
    Optional<String> shared(Variables variables) {
        return Optional.empty();
    }

    @Override
    Optional<String> addressOfLauncher(Variables variables) {
        return Optional.empty();
    }

    @Override
    String passing(String variable) {
        return "mpiexec -genv " + variable.replace('=', ' ');
    }
}
