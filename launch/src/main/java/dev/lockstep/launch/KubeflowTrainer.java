package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Place;
import java.util.Optional;
import java.util.Set;

/**
 * A TrainJob of Kubeflow Trainer, or a PyTorchJob of the Training Operator: torchrun's arguments as variables, for one pod of
 * several. With more than one process per pod, the pod's process must start them, as torchrun would: see {@link Node}.
 *
 * @see <a href="https://www.kubeflow.org/docs/components/trainer/">Kubeflow Trainer</a>
 */
final class KubeflowTrainer implements Contract {
    private static final String NODES = "PET_NNODES";
    private static final String NODE = "PET_NODE_RANK";
    private static final String PROCESSES = "PET_NPROC_PER_NODE";
    private static final String ADDRESS = "PET_MASTER_ADDR";
    private static final String PORT = "PET_MASTER_PORT";
    private static final String LOCAL_RANK = "LOCAL_RANK";
    /** torchrun's words for as many processes as there are devices; Lockstep's compute threads share one process. */
    private static final Set<String> AUTOMATIC = Set.of("auto", "cpu", "gpu");

    /** Not for a process that LOCAL_RANK describes further: something in the pod has started it. */
    @Override
    public boolean applies(Variables variables) {
        return variables.has(NODES) && !(variables.has(LOCAL_RANK) && variables.has(GroupEnvironment.RANK));
    }

    @Override
    public Job job(Variables variables) {
        return Job.of("Kubeflow Trainer", processes(variables), variables.numberOr(NODE, 0));
    }

    private static int processes(Variables variables) {
        boolean one = !variables.has(PROCESSES)
                || AUTOMATIC.contains(variables.text(PROCESSES).orElse(""));
        return one ? 1 : variables.number(PROCESSES, 1, Place.MOST);
    }

    /** The pod's place among the others; empty when there is no other and it has a single process. */
    Optional<Node> node(Variables variables) {
        int nodes = variables.number(NODES, 1, Place.MOST);
        int processes = processes(variables);
        if (nodes == 1 && processes == 1) {
            return Optional.empty();
        }
        return Optional.of(new Node(
                nodes == 1 ? 0 : variables.number(NODE, 0, nodes - 1),
                nodes,
                processes,
                nodes == 1 ? Master.LOOPBACK : address(variables),
                variables.has(PORT)
                        ? variables.number(PORT, 1, GroupEnvironment.LAST_PORT)
                        : GroupEnvironment.USUAL_PORT));
    }

    private static String address(Variables variables) {
        return variables
                .text(ADDRESS)
                .orElseThrow(() -> variables.wrong(ADDRESS, "the host name of the pod of rank 0"));
    }

    @Override
    public Optional<GroupEnvironment> place(Variables variables) {
        Job job = job(variables);
        return node(variables).map(node -> {
            if (node.processes() > 1) {
                throw LockstepException.recipe(
                        "this process must start " + node.processes() + " others",
                        variables.shown(PROCESSES),
                        "run 'lockstep train', which does, or start them with torchrun");
            }
            return new GroupEnvironment(node.rank(), node.nodes(), node.masterAddress(), node.masterPort(), job);
        });
    }

    /** The Training Operator sets RANK, too: to the number of the pod. */
    @Override
    public String rankName() {
        return NODE;
    }

    /** WORLD_SIZE counts processes and this one pods, so they are not compared. */
    @Override
    public String sizeName() {
        return "";
    }
}
