package dev.lockstep.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.topology.ReductionTree.Range;
import dev.lockstep.topology.Topology.Arrival;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TopologyTest {
    @Property
    void equal_anyKAndP_leavesNobodyMoreThanAnEqualShare(
            @ForAll @IntRange(min = 1, max = 64) int processes, @ForAll @IntRange(max = 2000) int more) {
        Topology topology = Topology.equal(processes + more, processes);

        assertThat(topology.workers()).isEqualTo(processes + more);
        assertThat(topology.sizes())
                .hasSize(processes)
                .allSatisfy(size -> assertThat(size).isBetween(1, (processes + more + processes - 1) / processes));
        assertThat(topology.mostWorkers()).isEqualTo(Collections.max(topology.sizes()));
        for (int rank = 0; rank < processes; rank++) {
            for (int i = 0; i < topology.workersOf(rank); i++) {
                assertThat(topology.ownerOf(topology.firstWorker(rank) + i)).isEqualTo(rank);
            }
        }
    }

    /** The recipe's workers in partial sums as they travel, added as they arrive: the bits of the whole tree. */
    @Property(tries = 300)
    void arrivals_ofAnyDivision_addUpToTheTreesBits(
            @ForAll @IntRange(min = 1, max = 40) int processes,
            @ForAll @IntRange(max = 300) int more,
            @ForAll long seed) {
        Random random = new Random(seed);
        int workers = processes + more;
        float[] values = new float[workers];
        for (int i = 0; i < workers; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(8) - 4));
        }
        Topology topology =
                random.nextBoolean() ? Topology.equal(workers, processes) : divided(workers, processes, random);
        Deque<Float> sums = new ArrayDeque<>();
        int most = 0;
        for (Arrival arrival : topology.arrivals()) {
            Range range = topology.subtreesOf(arrival.rank()).get(arrival.root());
            sums.push(ReductionTree.sum(Arrays.copyOfRange(values, range.from(), range.to())));
            most = Math.max(most, sums.size());
            for (int i = 0; i < arrival.additions(); i++) {
                float right = sums.pop();
                sums.push(sums.pop() + right);
            }
        }
        assertThat(sums).containsExactly(ReductionTree.sum(values));
        assertThat(topology.mostWaiting()).isEqualTo(most);
        assertThat(topology.arrivals())
                .hasSize(IntStream.range(0, processes)
                        .map(rank -> topology.treeOf(rank).roots())
                        .sum());
    }

    private static Topology divided(int workers, int processes, Random random) {
        List<Integer> cuts = new ArrayList<>(IntStream.range(1, workers).boxed().toList());
        Collections.shuffle(cuts, random);
        List<Integer> ends = new ArrayList<>(cuts.subList(0, processes - 1));
        Collections.sort(ends);
        ends.add(workers);
        List<Integer> sizes = new ArrayList<>();
        for (int i = 0; i < processes; i++) {
            sizes.add(ends.get(i) - (i == 0 ? 0 : ends.get(i - 1)));
        }
        return Topology.of(workers, sizes);
    }

    @Property
    void equal_powersOfTwo_areBalanced(
            @ForAll @IntRange(max = 8) int exponent, @ForAll @IntRange(min = 1, max = 99) int each) {
        int processes = 1 << exponent;
        Topology topology = Topology.equal(processes * each, processes);

        assertThat(topology.isBalanced()).isTrue();
        assertThat(topology.sizes()).containsOnly(each);
        assertThat(topology.traffic()).isEqualTo(2.0 * (processes - 1) / processes);
    }

    @Test
    void equal_cutsAtLargeSubtrees() {
        // 8 = 4 + 4; the second process may end at 5 or 6, and at 6 a larger subtree begins.
        assertThat(Topology.equal(8, 3).sizes()).containsExactly(3, 3, 2);
        assertThat(Topology.equal(10, 4).sizes()).containsExactly(3, 2, 3, 2);
        assertThat(Topology.equal(7, 4).sizes()).containsExactly(2, 2, 2, 1);
        assertThat(Topology.equal(7, 4).isBalanced()).isTrue();
    }

    @Test
    void isBalanced_onlyWithTheOrderOfDoubling() {
        assertThat(Topology.equal(12, 1).isBalanced()).isTrue();
        assertThat(Topology.equal(12, 3).isBalanced()).isFalse();
        assertThat(Topology.of(4, List.of(1, 3)).isBalanced()).isFalse();
        // Four subtrees, but added as (0 + 1) + 2, then 3.
        assertThat(Topology.of(8, List.of(1, 1, 2, 4)).arrivals())
                .extracting(Arrival::additions)
                .containsExactly(0, 1, 1, 1);
        assertThat(Topology.of(8, List.of(1, 1, 2, 4)).isBalanced()).isFalse();
        assertThat(Topology.equal(65_536, 65_536).isBalanced()).isTrue();
    }

    @Test
    void traffic_ofSeveralPartialSums_growsWithTheirNumber() {
        // Workers 3 to 5 are a half of the left four's right pair, and the pair 4 to 5.
        assertThat(Topology.equal(8, 3).subtreesOf(1)).containsExactly(new Range(3, 4), new Range(4, 6));
        assertThat(Topology.equal(8, 3).traffic()).isEqualTo(3 * 2.0 / 3);
        assertThat(Topology.equal(8, 1).traffic()).isZero();
    }

    @Test
    void equal_moreProcessesThanWorkers_isARecipeError() {
        assertRefused(() -> Topology.equal(4, 8), "procs = 8 is larger than workers = 4", "use procs ≤ 4");
    }

    @Test
    void of_sizesThatDoNotFit_areRecipeErrors() {
        String fix = "give each process at least one worker, 8 in all";
        assertRefused(() -> Topology.of(8, List.of(3, 4)), "the workers of the processes add up to 7", fix);
        assertRefused(() -> Topology.of(8, List.of(0, 8)), "the workers of the processes add up to 8, or", fix);
        assertRefused(
                () -> Topology.of(8, List.of(Integer.MAX_VALUE, Integer.MAX_VALUE, 10)),
                "the workers of the processes add up to 4294967304",
                fix);
    }

    @Test
    void new_zeroWorkersOrProcesses_isABrokenInvariant() {
        assertThatIllegalArgumentException().isThrownBy(() -> Topology.equal(0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> Topology.equal(1, 0));
    }

    private static void assertRefused(Runnable make, String what, String fix) {
        assertThatThrownBy(make::run)
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith(what)
                .hasMessageEndingWith(fix);
    }
}
