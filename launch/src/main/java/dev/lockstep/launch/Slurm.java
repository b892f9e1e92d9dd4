package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Place;
import java.util.Optional;

/**
 * Slurm's {@code srun}, which starts the tasks of a step: rank 0 runs on the first host of the step. A batch script is not a
 * task: it runs once, whatever the job's number of tasks.
 *
 * @see <a href="https://slurm.schedmd.com/srun.html#SECTION_OUTPUT-ENVIRONMENT-VARIABLES">its variables</a>
 */
final class Slurm implements Contract {
    static final String RANK = "SLURM_PROCID";
    static final String SIZE = "SLURM_STEP_NUM_TASKS";

    private static final String JOB = "SLURM_JOB_ID";
    private static final String STEP = "SLURM_STEP_ID";
    private static final String NODE = "SLURM_NODEID";
    private static final String HOSTS = "SLURM_STEP_NODELIST";
    private static final String TASKS_PER_NODE = "SLURM_STEP_TASKS_PER_NODE";
    private static final String JOB_TASKS = "SLURM_NTASKS";
    private static final String JOB_NODES = "SLURM_JOB_NUM_NODES";
    private static final int STEPS = 10;

    /** Not for a process that RANK describes further: a batch script, or a step's only task, has counted it itself. */
    @Override
    public boolean applies(Variables variables) {
        boolean several = isTask(variables) && variables.numberOr(SIZE, 0) != 1;
        return variables.has(JOB) && (several || !variables.has(GroupEnvironment.RANK));
    }

    private static boolean isTask(Variables variables) {
        return variables.has(STEP) && variables.has(RANK) && variables.has(SIZE);
    }

    @Override
    public Job job(Variables variables) {
        int node = variables.numberOr(NODE, Job.UNKNOWN);
        int step = variables.numberOr(STEP, 0);
        String id = variables.text(JOB).orElse("");
        return new Job(
                "Slurm",
                "slurm-" + id + (step == 0 ? "" : "." + step),
                variables.numberOr("SLURM_RESTART_COUNT", 0),
                isTask(variables)
                        ? HostList.count(variables.text(TASKS_PER_NODE).orElse(""), node)
                        : 1,
                node,
                variables.numberOr("SLURM_CPUS_PER_TASK", 0));
    }

    @Override
    public Optional<GroupEnvironment> place(Variables variables) {
        if (!isTask(variables)) {
            requireSingle(variables);
            return Optional.empty();
        }
        int size = variables.number(SIZE, 1, Place.MOST);
        if (size == 1) {
            return Optional.empty();
        }
        Job job = job(variables);
        long id = variables.number(JOB, 0, Integer.MAX_VALUE);
        int derived = Master.derivedPort(id * STEPS + variables.numberOr(STEP, 0));
        return Optional.of(new GroupEnvironment(
                variables.number(RANK, 0, size - 1),
                size,
                address(variables, job.processesHere() == size),
                Master.port(variables, derived),
                job));
    }

    private static String address(Variables variables, boolean allHere) {
        return variables
                .text(GroupEnvironment.MASTER_ADDR)
                .orElseGet(() -> allHere
                        ? Master.LOOPBACK
                        : first(variables, HOSTS).orElseThrow(() -> variables.wrong(HOSTS, "a list of hosts")));
    }

    /** The first host of the job that this process belongs to; empty outside of Slurm. */
    static Optional<String> firstHostOfJob(Variables variables) {
        return first(variables, "SLURM_JOB_NODELIST");
    }

    private static Optional<String> first(Variables variables, String list) {
        return variables.text(list).flatMap(HostList::hosts).map(hosts -> hosts.get(0));
    }

    /** @throws LockstepException when the job has room for more processes than this one */
    private static void requireSingle(Variables variables) {
        for (String name : new String[] {JOB_TASKS, JOB_NODES}) {
            if (variables.numberOr(name, 1) > 1) {
                throw LockstepException.recipe(
                        variables.shown(name) + " but srun did not start this process: it would train alone",
                        variables.shown(JOB),
                        "write srun before the command, or ask Slurm for one task with more CPUs"
                                + " (--nodes 1 --ntasks 1 --cpus-per-task N)");
            }
        }
    }

    @Override
    public String rankName() {
        return RANK;
    }

    @Override
    public String sizeName() {
        return SIZE;
    }
}
