package dev.lockstep.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ReductionTreeTest {
    /** k workers in P = 2^logP processes, where P divides k. */
    record Split(int workers, int processes) {}

    @Provide
    Arbitrary<Split> splits() {
        Arbitrary<Integer> logP = Arbitraries.integers().between(0, 8);
        Arbitrary<Integer> perProcess = Arbitraries.integers().between(1, 97);
        return Combinators.combine(logP, perProcess).as((log, each) -> new Split(each << log, 1 << log));
    }

    @Property(tries = 60)
    void processBlocks_pPowerOfTwoDividingK_areSubtrees(@ForAll("splits") Split split) {
        ReductionTree tree = new ReductionTree(split.workers());
        int size = split.workers() / split.processes();
        Set<Range> subtrees = Set.copyOf(leavesBelow(tree));
        for (int rank = 0; rank < split.processes(); rank++) {
            assertThat(subtrees.contains(new Range(rank * size, (rank + 1) * size)))
                    .as("the workers of rank %d of %s are a subtree", rank, split)
                    .isTrue();
        }
    }

    @Property
    void sum_blocksThenDistanceDoubling_isTheWholeTreesBits(@ForAll("splits") Split split, @ForAll long seed) {
        float[] values = unfriendly(split.workers(), seed);
        int size = split.workers() / split.processes();
        float[] partial = new float[split.processes()];
        for (int rank = 0; rank < partial.length; rank++) {
            partial[rank] = ReductionTree.sum(Arrays.copyOfRange(values, rank * size, (rank + 1) * size));
        }
        assertThat(distanceDoubling(partial)).containsOnly(ReductionTree.sum(values));
    }

    @Property(tries = 60)
    void parents_walkedBottomUp_giveTheSumsBits(@ForAll @IntRange(min = 1, max = 2000) int workers, @ForAll long seed) {
        float[] values = unfriendly(workers, seed);

        assertThat(sumByParents(new ReductionTree(workers), values)).isEqualTo(ReductionTree.sum(values));
    }

    @Test
    void new_65536Workers_isBalanced() {
        ReductionTree tree = new ReductionTree(65_536);

        for (int leaf : new int[] {0, 1, 32_767, 65_535}) {
            int depth = 0;
            for (int node = tree.parentOfLeaf(leaf); node >= 0; node = tree.parentOfNode(node)) {
                depth++;
            }
            assertThat(depth).isEqualTo(16);
        }
    }

    @Property(tries = 60)
    void new_anyK_everyNodeHasTwoChildrenAndTheRootIsLast(@ForAll @IntRange(min = 2, max = 3000) int workers) {
        ReductionTree tree = new ReductionTree(workers);
        int[] children = new int[tree.innerNodes()];
        for (int leaf = 0; leaf < workers; leaf++) {
            children[tree.parentOfLeaf(leaf)]++;
        }
        for (int node = 0; node < tree.innerNodes() - 1; node++) {
            assertThat(tree.parentOfNode(node)).isGreaterThan(node);
            children[tree.parentOfNode(node)]++;
        }
        assertThat(children).containsOnly(2);
        assertThat(tree.roots()).isEqualTo(1);
        assertThat(ReductionTree.root(tree.parentOfNode(tree.innerNodes() - 1))).isZero();
    }

    @Test
    void new_oneWorker_isALeafWithoutParent() {
        ReductionTree tree = new ReductionTree(1);

        assertThat(tree.innerNodes()).isZero();
        assertThat(ReductionTree.root(tree.parentOfLeaf(0))).isZero();
    }

    @Test
    void sum_orderOfAdditions_decidesTheBits() {
        // Guards the test data: if addition were exact here, the properties above would prove nothing.
        float[] values = unfriendly(64, 1);
        float leftToRight = 0;
        for (float value : values) {
            leftToRight += value;
        }
        assertThat(ReductionTree.sum(values)).isNotEqualTo(leftToRight);
    }

    @Test
    void sum_nothing_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> ReductionTree.sum(new float[0]));
        assertThatIllegalArgumentException().isThrownBy(() -> new ReductionTree(0));
    }

    /** Floats with very different magnitudes and signs, so that another order of additions gives different bits. */
    private static float[] unfriendly(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(6)));
        }
        return values;
    }

    /** Recursive doubling over processes, distance 1 first; the lower rank's partial sum is the left operand. */
    private static float[] distanceDoubling(float[] partial) {
        float[] current = partial.clone();
        for (int distance = 1; distance < current.length; distance *= 2) {
            float[] next = new float[current.length];
            for (int rank = 0; rank < current.length; rank++) {
                int low = rank & ~distance;
                next[rank] = current[low] + current[low | distance];
            }
            current = next;
        }
        return current;
    }

    private static float sumByParents(ReductionTree tree, float[] values) {
        if (tree.leaves() == 1) {
            return values[0];
        }
        List<Range> ranges = leavesBelow(tree);
        record Item(int from, float value) {}
        List<List<Item>> children = new ArrayList<>();
        for (int node = 0; node < tree.innerNodes(); node++) {
            children.add(new ArrayList<>());
        }
        for (int leaf = 0; leaf < values.length; leaf++) {
            children.get(tree.parentOfLeaf(leaf)).add(new Item(leaf, values[leaf]));
        }
        float sum = 0;
        for (int node = 0; node < tree.innerNodes(); node++) {
            List<Item> two = children.get(node);
            two.sort(Comparator.comparingInt(Item::from));
            sum = two.get(0).value + two.get(1).value;
            if (tree.parentOfNode(node) >= 0) {
                children.get(tree.parentOfNode(node)).add(new Item(ranges.get(node).from, sum));
            }
        }
        return sum;
    }

    /** The workers {@code from}, …, {@code to} − 1. */
    record Range(int from, int to) {}

    /** For each inner node, then each leaf, the leaves below it. */
    private static List<Range> leavesBelow(ReductionTree tree) {
        int[] from = new int[tree.innerNodes()];
        int[] to = new int[tree.innerNodes()];
        Arrays.fill(from, Integer.MAX_VALUE);
        for (int leaf = 0; leaf < tree.leaves(); leaf++) {
            for (int node = tree.parentOfLeaf(leaf); node >= 0; node = tree.parentOfNode(node)) {
                from[node] = Math.min(from[node], leaf);
                to[node] = Math.max(to[node], leaf + 1);
            }
        }
        Stream<Range> nodes = IntStream.range(0, from.length).mapToObj(node -> new Range(from[node], to[node]));
        return Stream.concat(nodes, IntStream.range(0, tree.leaves()).mapToObj(leaf -> new Range(leaf, leaf + 1)))
                .toList();
    }
}
