package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, set by hand or by a script; LOCAL_WORLD_SIZE may be there too. */
final class PlainVariables implements Contract {
    private static final List<String> NAMES = List.of(
            GroupEnvironment.RANK,
            GroupEnvironment.WORLD_SIZE,
            GroupEnvironment.MASTER_ADDR,
            GroupEnvironment.MASTER_PORT);
    static final String LAUNCHER = "RANK and WORLD_SIZE";

    @Override
    public boolean applies(Variables variables) {
        return NAMES.stream().anyMatch(variables::has);
    }

    @Override
    public Job job(Variables variables) {
        return Job.of(LAUNCHER, variables.numberOr("LOCAL_WORLD_SIZE", 0), Job.UNKNOWN);
    }

    @Override
    public Optional<GroupEnvironment> place(Variables variables) {
        return Optional.of(place(variables, job(variables)));
    }

    /** The place in the four variables, of a job that a launcher describes further. */
    static GroupEnvironment place(Variables variables, Job job) {
        List<String> missing = new ArrayList<>(NAMES);
        missing.removeIf(variables::has);
        if (!missing.isEmpty()) {
            throw incomplete(variables, missing);
        }
        int size = variables.number(GroupEnvironment.WORLD_SIZE, 1, Place.MOST);
        return new GroupEnvironment(
                variables.number(GroupEnvironment.RANK, 0, size - 1),
                size,
                address(variables),
                variables.number(GroupEnvironment.MASTER_PORT, 0, GroupEnvironment.LAST_PORT),
                job);
    }

    private static LockstepException incomplete(Variables variables, List<String> missing) {
        String present = NAMES.stream().filter(variables::has).findFirst().orElseThrow();
        return LockstepException.recipe(
                variables.shown(present) + " is set but " + String.join(", ", missing)
                        + (missing.size() == 1 ? " is not" : " are not"),
                Variables.WHERE,
                "set all of " + String.join(", ", NAMES) + " to join a group, or none to run alone");
    }

    private static String address(Variables variables) {
        return variables
                .text(GroupEnvironment.MASTER_ADDR)
                .orElseThrow(
                        () -> variables.wrong(GroupEnvironment.MASTER_ADDR, "the host name or the address of rank 0"));
    }

    @Override
    public String rankName() {
        return GroupEnvironment.RANK;
    }

    @Override
    public String sizeName() {
        return GroupEnvironment.WORLD_SIZE;
    }
}
