package dev.lockstep.launch;

import dev.lockstep.supervise.SupervisorAddress;
import java.util.Optional;

/** Lockstep's own launchers: of one machine, with a supervisor, or of one machine among several, without. */
final class LockstepLaunch implements Contract {
    /** The number of this machine in the group; set by {@link NodeLauncher}. */
    static final String NODE = "LOCKSTEP_NODE_RANK";

    @Override
    public boolean applies(Variables variables) {
        return variables.text(SupervisorAddress.VARIABLE).isPresent() || variables.has(NODE);
    }

    @Override
    public Job job(Variables variables) {
        return Job.of("Lockstep", variables.numberOr("LOCAL_WORLD_SIZE", 0), variables.numberOr(NODE, 0));
    }

    @Override
    public Optional<GroupEnvironment> place(Variables variables) {
        return Optional.of(PlainVariables.place(variables, job(variables)));
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
