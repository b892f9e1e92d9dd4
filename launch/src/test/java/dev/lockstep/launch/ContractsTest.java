package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The variables are those that the real launchers set; the scenario {@code launchers} starts them. */
class ContractsTest {
    private static final Map<String, String> SRUN = Map.of(
            "SLURM_JOB_ID", "1234",
            "SLURM_STEP_ID", "2",
            "SLURM_PROCID", "3",
            "SLURM_NTASKS", "4",
            "SLURM_STEP_NUM_TASKS", "4",
            "SLURM_NODEID", "1",
            "SLURM_STEP_TASKS_PER_NODE", "3,1",
            "SLURM_STEP_NODELIST", "node[07-08]",
            "SLURM_JOB_NODELIST", "node[07-08]");
    private static final Map<String, String> BATCH = Map.of(
            "SLURM_JOB_ID", "1234",
            "SLURM_PROCID", "0",
            "SLURM_NODEID", "0",
            "SLURM_NTASKS", "4",
            "SLURM_JOB_NUM_NODES", "2",
            "SLURM_JOB_NODELIST", "node[07-08]");
    private static final Map<String, String> MPIRUN = Map.of(
            "OMPI_COMM_WORLD_RANK", "1",
            "OMPI_COMM_WORLD_SIZE", "2",
            "OMPI_COMM_WORLD_LOCAL_SIZE", "2",
            "PMIX_NAMESPACE", "1983184897",
            "OMPI_MCA_orte_hnp_uri", "1983184896.0;tcp://10.0.0.1,172.17.0.1:57513;tcp6://[fd00::2]:39283");
    private static final Map<String, String> HYDRA =
            Map.of("PMI_RANK", "1", "PMI_SIZE", "2", "MPI_LOCALNRANKS", "2", "MPI_LOCALRANKID", "1");
    private static final Map<String, String> TRAINJOB = Map.of(
            "PET_NNODES", "2",
            "PET_NODE_RANK", "1",
            "PET_NPROC_PER_NODE", "1",
            "PET_MASTER_ADDR", "job-node-0-0.job",
            "PET_MASTER_PORT", "29500");
    private static final Map<String, String> TORCHRUN = Map.of(
            "TORCHELASTIC_RUN_ID", "none",
            "RANK", "5",
            "WORLD_SIZE", "8",
            "LOCAL_RANK", "1",
            "LOCAL_WORLD_SIZE", "4",
            "GROUP_RANK", "1",
            "MASTER_ADDR", "head",
            "MASTER_PORT", "29511");

    @SafeVarargs
    private static Map<String, String> all(Map<String, String>... parts) {
        Map<String, String> all = new HashMap<>();
        List.of(parts).forEach(all::putAll);
        return all;
    }

    private static GroupEnvironment place(Map<String, String> environment) {
        return GroupEnvironment.from(environment).orElseThrow();
    }

    private static void assertRefused(Map<String, String> environment, String... parts) {
        assertThatThrownBy(() -> GroupEnvironment.from(environment))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .message()
                .contains(parts);
    }

    @Test
    void srun_givesThePlace() {
        GroupEnvironment place = place(SRUN);
        assertThat(place)
                .isEqualTo(new GroupEnvironment(
                        3, 4, "node07", 15_000 + 12_342, new Job("Slurm", "slurm-1234.2", 0, 1, 1, 0)));
        assertThat(place.isSpread()).isTrue();
        assertThat(place.isAwayFromRankZero()).isTrue();
    }

    @Test
    void srun_allTasksOnOneHost_staysOnLoopback() {
        assertThat(place(all(SRUN, Map.of("SLURM_NODEID", "0", "SLURM_STEP_TASKS_PER_NODE", "4")))
                        .masterAddress())
                .isEqualTo("127.0.0.1");
    }

    @Test
    void srun_masterOfTheUser_counts() {
        GroupEnvironment place = place(all(SRUN, Map.of("MASTER_ADDR", "ib0-node07", "MASTER_PORT", "12345")));
        assertThat(place.masterAddress()).isEqualTo("ib0-node07");
        assertThat(place.masterPort()).isEqualTo(12_345);
    }

    @Test
    void srun_ofOneTask_isNoGroup_andLeavesOthers() {
        Map<String, String> single = all(SRUN, Map.of("SLURM_STEP_NUM_TASKS", "1", "SLURM_PROCID", "0"));
        assertThat(GroupEnvironment.from(single)).isEmpty();
        assertThat(place(all(single, Map.of("RANK", "1", "WORLD_SIZE", "2", "MASTER_ADDR", "a", "MASTER_PORT", "1")))
                        .rank())
                .isEqualTo(1);
    }

    @Test
    void srun_requeued_isCounted_andTheCoresOfATask() {
        Map<String, String> again = all(SRUN, Map.of("SLURM_RESTART_COUNT", "2", "SLURM_CPUS_PER_TASK", "8"));
        assertThat(Job.from(again)).contains(new Job("Slurm", "slurm-1234.2", 2, 1, 1, 8));
    }

    @Test
    void sbatchWithoutSrun_neverTrainsAlone() {
        assertRefused(BATCH, "SLURM_NTASKS = 4 but srun did not start this process", "write srun before the command");
        Map<String, String> nodes = new HashMap<>(BATCH);
        nodes.remove("SLURM_NTASKS");
        assertRefused(nodes, "SLURM_JOB_NUM_NODES = 2 but srun did not start this process");
        assertThat(GroupEnvironment.from(all(BATCH, Map.of("SLURM_NTASKS", "1", "SLURM_JOB_NUM_NODES", "1"))))
                .isEmpty();
    }

    @Test
    void sbatch_thatCountsItself_isPlain() {
        Map<String, String> own = Map.of("RANK", "1", "WORLD_SIZE", "2", "MASTER_ADDR", "a", "MASTER_PORT", "1");
        assertThat(place(all(BATCH, own)).job().launcher()).isEqualTo("RANK and WORLD_SIZE");
    }

    @Test
    void mpirun_onOneHost_staysOnLoopback_andSharesAPort() {
        GroupEnvironment place = place(MPIRUN);
        assertThat(place.rank()).isEqualTo(1);
        assertThat(place.size()).isEqualTo(2);
        assertThat(place.masterAddress()).isEqualTo("127.0.0.1");
        assertThat(place.masterPort())
                .isBetween(15_000, 29_999)
                .isEqualTo(
                        place(all(MPIRUN, Map.of("OMPI_COMM_WORLD_RANK", "0"))).masterPort());
        assertThat(place.job().launcher()).isEqualTo("Open MPI");
    }

    @Test
    void mpirun_onSeveralHosts_looksBesideMpirun_orAtTheFirstHostOfTheJob() {
        Map<String, String> spread = all(MPIRUN, Map.of("OMPI_COMM_WORLD_LOCAL_SIZE", "1"));
        assertThat(place(spread).masterAddress()).isEqualTo("10.0.0.1");
        assertThat(place(all(BATCH, spread)).masterAddress()).isEqualTo("node07");
        assertThat(place(all(spread, Map.of("MASTER_ADDR", "me"))).masterAddress())
                .isEqualTo("me");
    }

    @Test
    void mpirun_onSeveralHosts_withoutAnAddress_saysWhatToSet() {
        Map<String, String> five = new HashMap<>(all(MPIRUN, Map.of("OMPI_COMM_WORLD_LOCAL_SIZE", "1")));
        five.remove("OMPI_MCA_orte_hnp_uri");
        assertRefused(five, "Open MPI does not say on which machine rank 0 runs", "mpirun -x MASTER_ADDR=HOST");
        assertRefused(all(HYDRA, Map.of("MPI_LOCALNRANKS", "1")), "Hydra (MPICH)", "mpiexec -genv MASTER_ADDR HOST");
    }

    @Test
    void hydra_isRead_butSlurmsOwnPmiIsSlurm() {
        assertThat(place(HYDRA))
                .extracting(GroupEnvironment::rank, GroupEnvironment::masterPort)
                .containsExactly(1, 29_500);
        Map<String, String> pmi2 = all(SRUN, Map.of("PMI_RANK", "3", "PMI_SIZE", "4"));
        assertThat(place(pmi2).job().launcher()).isEqualTo("Slurm");
        assertThat(place(all(SRUN, HYDRA)).job().launcher()).isEqualTo("Hydra (MPICH)");
    }

    @Test
    void trainJob_ofOneProcessPerPod_isAPlace() {
        GroupEnvironment place = place(TRAINJOB);
        assertThat(place)
                .isEqualTo(new GroupEnvironment(
                        1, 2, "job-node-0-0.job", 29_500, new Job("Kubeflow Trainer", "", 0, 1, 1, 0)));
        assertThat(Node.from(TRAINJOB)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "cpu", "gpu"})
    void trainJob_automatic_isOneProcessPerPod(String word) {
        assertThat(place(all(TRAINJOB, Map.of("PET_NPROC_PER_NODE", word))).size())
                .isEqualTo(2);
    }

    @Test
    void trainJob_ofSeveralProcessesPerPod_startsThem() {
        Map<String, String> four = all(TRAINJOB, Map.of("PET_NPROC_PER_NODE", "4"));
        Optional<Node> node = Node.from(four);
        assertThat(node).contains(new Node(1, 2, 4, "job-node-0-0.job", 29_500));
        assertRefused(four, "this process must start 4 others");
        // Its processes inherit the pod's variables.
        Map<String, String> child = all(four, node.orElseThrow().environment(2));
        assertThat(Node.from(child)).isEmpty();
        GroupEnvironment place = place(child);
        assertThat(place)
                .extracting(GroupEnvironment::rank, GroupEnvironment::size)
                .containsExactly(6, 8);
        assertThat(place.job()).isEqualTo(new Job("Lockstep", "", 0, 4, 1, 0));
    }

    /** The Training Operator's RANK is the pod's, its WORLD_SIZE counts processes. */
    @Test
    void pyTorchJob_isReadAsATrainJob() {
        Map<String, String> operator =
                Map.of("RANK", "1", "WORLD_SIZE", "4", "MASTER_ADDR", "job-master-0", "MASTER_PORT", "23456");
        Map<String, String> pod = all(TRAINJOB, operator, Map.of("PET_NPROC_PER_NODE", "2"));
        assertThat(Node.from(pod)).isPresent();
        assertThat(place(all(TRAINJOB, operator, Map.of("WORLD_SIZE", "2"))).rank())
                .isEqualTo(1);
    }

    static Stream<Map<String, String>> outer() {
        return Stream.of(SRUN, BATCH, TRAINJOB, MPIRUN, all(SRUN, TRAINJOB));
    }

    @ParameterizedTest
    @MethodSource("outer")
    void torchrun_isInnermost(Map<String, String> outer) {
        assertThat(place(all(outer, TORCHRUN)))
                .isEqualTo(new GroupEnvironment(5, 8, "head", 29_511, new Job("torchrun", "", 0, 4, 1, 0)));
    }

    @Test
    void numbersThatContradict_areExplained() {
        Map<String, String> own = Map.of("RANK", "1", "WORLD_SIZE", "4", "MASTER_ADDR", "a", "MASTER_PORT", "1");
        assertRefused(
                all(SRUN, own),
                "RANK = 1 contradicts SLURM_PROCID = 3",
                "unset RANK to use what the launcher says, or unset SLURM_PROCID if your script counts itself");
        assertRefused(all(MPIRUN, own), "WORLD_SIZE = 4 contradicts OMPI_COMM_WORLD_SIZE = 2");
        assertRefused(all(TRAINJOB, own, Map.of("RANK", "0")), "RANK = 0 contradicts PET_NODE_RANK = 1");
        assertThat(place(all(SRUN, own, Map.of("RANK", "3"))).masterAddress()).isEqualTo("a");
    }

    @Test
    void wrongNumber_isNamed() {
        assertRefused(all(SRUN, Map.of("SLURM_PROCID", "4")), "SLURM_PROCID = 4 is not a whole number from 0 to 3");
        assertRefused(all(MPIRUN, Map.of("OMPI_COMM_WORLD_SIZE", "x")), "OMPI_COMM_WORLD_SIZE = x is not");
        assertRefused(all(TRAINJOB, Map.of("PET_NNODES", "1:4")), "PET_NNODES = 1:4 is not a whole number");
        assertRefused(
                all(SRUN, Map.of("SLURM_STEP_NODELIST", "n[")), "SLURM_STEP_NODELIST = n[ is not a list of hosts");
    }
}
