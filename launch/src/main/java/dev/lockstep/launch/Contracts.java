package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import java.util.List;
import java.util.Optional;

/**
 * The launchers whose variables Lockstep reads, innermost first: the one that started this process directly knows its place,
 * and what an outer one has left in the environment belongs to its parent. torchrun runs inside srun, mpirun inside sbatch,
 * and all of them in a Kubernetes pod.
 */
final class Contracts {
    private static final Contract PLAIN = new PlainVariables();
    private static final List<Contract> ALL = List.of(
            new LockstepLaunch(),
            new Torchrun(),
            new OpenMpi(),
            new Hydra(),
            new Slurm(),
            new KubeflowTrainer(),
            PLAIN);

    private Contracts() {}

    /** The contract by which this process was started; empty when there is none. */
    static Optional<Contract> innermost(Variables variables) {
        return ALL.stream().filter(contract -> contract.applies(variables)).findFirst();
    }

    /**
     * The place of this process in its group; empty when it is alone.
     *
     * @throws LockstepException of kind RECIPE when variables are incomplete, wrong, or contradict each other
     */
    static Optional<GroupEnvironment> place(Variables variables) {
        Optional<Contract> innermost = innermost(variables);
        innermost.ifPresent(contract -> requireNoContradiction(contract, variables));
        return innermost.flatMap(contract -> contract.place(variables));
    }

    /** Whether a launcher started this process in a group, and so decides how long to wait before it kills it. */
    static boolean isLaunched(Variables variables) {
        try {
            return innermost(variables)
                    .filter(contract -> contract != PLAIN)
                    .flatMap(contract -> contract.place(variables))
                    .isPresent();
        } catch (LockstepException e) {
            // The command itself reports it.
            return true;
        }
    }

    /**
     * A scheduler's script that exports RANK and WORLD_SIZE may mean these or the scheduler's own numbers. If both say the
     * same, it does not matter.
     */
    private static void requireNoContradiction(Contract contract, Variables variables) {
        if (contract instanceof LockstepLaunch || contract instanceof Torchrun || contract == PLAIN) {
            return;
        }
        compare(GroupEnvironment.RANK, contract.rankName(), variables);
        compare(GroupEnvironment.WORLD_SIZE, contract.sizeName(), variables);
    }

    private static void compare(String plain, String own, Variables variables) {
        Optional<String> one = variables.text(plain);
        Optional<String> other = own.isEmpty() ? Optional.empty() : variables.text(own);
        if (one.isPresent() && other.isPresent() && !one.equals(other)) {
            throw LockstepException.recipe(
                    variables.shown(plain) + " contradicts " + variables.shown(own),
                    Variables.WHERE,
                    "unset " + plain + " to use what the launcher says, or unset " + own
                            + " if your script counts itself");
        }
    }
}
