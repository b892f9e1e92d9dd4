package dev.lockstep.topology;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.topology.Pace.Load;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PaceTest {
    @Test
    void next_aProcessOfHalfTheSpeed_getsHalfAsMuch() {
        Topology next = Pace.next(Topology.equal(24, 2), List.of(new Load(1, 1), new Load(2, 1)));

        assertThat(next.sizes()).containsExactly(16, 8);
    }

    @Test
    void next_aProcessWithTwoLanes_getsWholeRounds() {
        // 12 workers take 1.2 s: 6 rounds of two, or 12 of one, so the second process computes half as fast.
        Topology next = Pace.next(Topology.equal(24, 2), List.of(new Load(1.2, 2), new Load(2.4, 1)));

        assertThat(next.sizes()).containsExactly(16, 8);
    }

    @Test
    void next_aHopelessProcess_keepsOneWorker() {
        Topology next = Pace.next(Topology.equal(8, 3), List.of(new Load(1, 1), new Load(1000, 1), new Load(1, 1)));

        assertThat(next.workersOf(1)).isEqualTo(1);
        assertThat(next.mostWorkers()).isEqualTo(4);
    }

    @Test
    void next_littleToWin_staysAsItIs() {
        Topology now = Topology.equal(100, 2);

        assertThat(Pace.next(now, List.of(new Load(1, 1), new Load(1.09, 1)))).isSameAs(now);
        assertThat(Pace.next(now, List.of(new Load(1, 1), new Load(1.2, 1)))).isNotEqualTo(now);
        // One worker each: there is nothing to move.
        Topology single = Topology.equal(4, 4);
        assertThat(Pace.next(single, List.of(new Load(1, 1), new Load(9, 1), new Load(1, 1), new Load(1, 1))))
                .isSameAs(single);
    }

    /** With speeds that do not change, the second decision keeps what the first one chose. */
    @Property(tries = 300)
    void next_constantSpeeds_winsAndThenStays(
            @ForAll @IntRange(min = 1, max = 12) int processes,
            @ForAll @IntRange(max = 200) int more,
            @ForAll long seed) {
        Random random = new Random(seed);
        List<Double> rounds = new ArrayList<>();
        List<Integer> lanes = new ArrayList<>();
        for (int rank = 0; rank < processes; rank++) {
            rounds.add(0.1 + random.nextDouble());
            lanes.add(1 + random.nextInt(4));
        }
        Topology first = Topology.equal(processes + more, processes);
        Topology next = Pace.next(first, loads(first, rounds, lanes));

        assertThat(slowest(next, rounds, lanes)).isLessThanOrEqualTo(slowest(first, rounds, lanes));
        assertThat(Pace.next(next, loads(next, rounds, lanes))).isEqualTo(next);
    }

    private static List<Load> loads(Topology topology, List<Double> rounds, List<Integer> lanes) {
        List<Load> loads = new ArrayList<>();
        for (int rank = 0; rank < topology.processes(); rank++) {
            int count = (topology.workersOf(rank) + lanes.get(rank) - 1) / lanes.get(rank);
            loads.add(new Load(count * rounds.get(rank), lanes.get(rank)));
        }
        return loads;
    }

    private static double slowest(Topology topology, List<Double> rounds, List<Integer> lanes) {
        return loads(topology, rounds, lanes).stream()
                .mapToDouble(Load::seconds)
                .max()
                .orElseThrow();
    }
}
