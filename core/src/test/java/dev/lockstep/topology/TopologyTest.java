package dev.lockstep.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TopologyTest {
    @Property
    void ownerOf_everyWorker_isTheProcessWhoseBlockHoldsIt(
            @ForAll @IntRange(min = 1, max = 64) int processes, @ForAll @IntRange(min = 1, max = 32) int each) {
        Topology topology = new Topology(processes * each, processes);

        for (int rank = 0; rank < processes; rank++) {
            for (int i = 0; i < topology.workersPerProcess(); i++) {
                assertThat(topology.ownerOf(topology.firstWorker(rank) + i)).isEqualTo(rank);
            }
        }
        assertThat(topology.workersPerProcess() * processes).isEqualTo(topology.workers());
    }

    @Test
    void new_moreProcessesThanWorkers_isARecipeError() {
        assertRefused(4, 8, "procs = 8 is larger than workers = 4", "use procs ≤ 4");
    }

    @Test
    void new_processesDoNotDivideWorkers_namesThoseThatDo() {
        assertRefused(12, 5, "procs = 5 does not divide workers = 12", "use procs = one of 1, 2, 3, 4, 6, 12");
    }

    @Test
    void new_zeroWorkersOrProcesses_isABrokenInvariant() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Topology(0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Topology(1, 0));
    }

    @Test
    void isBitwise_powersOfTwoOnly() {
        assertThat(new Topology(12, 1).isBitwise()).isTrue();
        assertThat(new Topology(12, 4).isBitwise()).isTrue();
        assertThat(new Topology(12, 3).isBitwise()).isFalse();
        assertThat(new Topology(65_536, 65_536).isBitwise()).isTrue();
    }

    private static void assertRefused(int workers, int processes, String what, String fix) {
        assertThatThrownBy(() -> new Topology(workers, processes))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith(what)
                .hasMessageEndingWith(fix);
    }
}
