package dev.lockstep.launch;

import java.util.Optional;

/**
 * PyTorch's launcher.
 *
 * @see <a href="https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables">its variables</a>
 */
final class Torchrun implements Contract {
    private static final String RUN_ID = "TORCHELASTIC_RUN_ID";

    @Override
    public boolean applies(Variables variables) {
        return variables.has(RUN_ID) && variables.has(GroupEnvironment.RANK);
    }

    @Override
    public Job job(Variables variables) {
        // Its restarts are not counted here: each agent counts its own.
        return Job.of(
                "torchrun", variables.numberOr("LOCAL_WORLD_SIZE", 0), variables.numberOr("GROUP_RANK", Job.UNKNOWN));
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
