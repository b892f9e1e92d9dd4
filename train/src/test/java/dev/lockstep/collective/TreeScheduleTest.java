package dev.lockstep.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lockstep.collective.Transfer.Kind;
import dev.lockstep.topology.ReductionTree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The schedules, played over mailboxes in memory: no libtorch, so every P and length can be tried. */
class TreeScheduleTest {
    @Property(tries = 300)
    void powersOfTwo_sumInTreeOrder(
            @ForAll @IntRange(max = 5) int exponent,
            @ForAll @IntRange(max = 300) int length,
            @ForAll @IntRange(min = 1, max = 40) int piece,
            @ForAll long seed) {
        float[][] inputs = inputs(1 << exponent, length, seed);
        float[] expected = treeSums(inputs);
        assertThat(play(halving(inputs, piece), inputs))
                .allSatisfy(sums -> assertThat(sums).isEqualTo(expected));
        assertThat(play(doubling(inputs), inputs))
                .allSatisfy(sums -> assertThat(sums).isEqualTo(expected));
    }

    @Test
    void otherSizes_areRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> TreeSchedule.halving(0, 6, 10, 10));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8, 16, 64, 256})
    void halving_movesLeastBytes(int size) {
        long length = 1 << 20;
        for (int rank = 0; rank < size; rank += Math.max(1, size / 8)) {
            List<Transfer> transfers = TreeSchedule.halving(rank, size, length, 10_000);
            assertThat(elements(transfers, Kind.GIVE)).isEqualTo(length * (size - 1) / size);
            assertThat(elements(transfers, Kind.SHARE)).isEqualTo(length * (size - 1) / size);
            assertThat(elements(transfers, Kind.ADD)).isEqualTo(length * (size - 1) / size);
            assertThat(elements(transfers, Kind.COPY)).isEqualTo(length * (size - 1) / size);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8, 16, 256})
    void doubling_takesFewestSteps(int size) {
        List<Transfer> transfers = TreeSchedule.doubling(size - 1, size, 5);
        int steps = Integer.numberOfTrailingZeros(size);
        assertThat(transfers).hasSize(2 * steps);
        assertThat(elements(transfers, Kind.ADD)).isEqualTo(5L * steps);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void emptyBuffer_sendsNothing(int size) {
        assertThat(TreeSchedule.halving(size - 1, size, 0, 10)).isEmpty();
        assertThat(TreeSchedule.doubling(size - 1, size, 0)).isEmpty();
    }

    private static long elements(List<Transfer> transfers, Kind kind) {
        return transfers.stream()
                .filter(transfer -> transfer.kind() == kind)
                .mapToLong(Transfer::length)
                .sum();
    }

    private static float[][] inputs(int size, int length, long seed) {
        Random random = new Random(seed);
        float[][] inputs = new float[size][length];
        for (float[] input : inputs) {
            for (int i = 0; i < length; i++) {
                input[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(8) - 4));
            }
        }
        return inputs;
    }

    private static float[] treeSums(float[][] inputs) {
        float[] sums = new float[inputs[0].length];
        for (int i = 0; i < sums.length; i++) {
            float[] leaves = new float[inputs.length];
            for (int rank = 0; rank < leaves.length; rank++) {
                leaves[rank] = inputs[rank][i];
            }
            sums[i] = ReductionTree.sum(leaves);
        }
        return sums;
    }

    private static List<List<Transfer>> halving(float[][] inputs, int piece) {
        List<List<Transfer>> ranks = new ArrayList<>();
        for (int rank = 0; rank < inputs.length; rank++) {
            ranks.add(TreeSchedule.halving(rank, inputs.length, inputs[0].length, piece));
        }
        return ranks;
    }

    private static List<List<Transfer>> doubling(float[][] inputs) {
        List<List<Transfer>> ranks = new ArrayList<>();
        for (int rank = 0; rank < inputs.length; rank++) {
            ranks.add(TreeSchedule.doubling(rank, inputs.length, inputs[0].length));
        }
        return ranks;
    }

    private record Route(int from, int to) {}

    /** Lets every rank go as far as its mail allows, until all are done; messages of a pair keep their order. */
    private static List<float[]> play(List<List<Transfer>> ranks, float[][] inputs) {
        Map<Route, Queue<float[]>> mail = new HashMap<>();
        List<float[]> buffers = new ArrayList<>();
        for (float[] input : inputs) {
            buffers.add(input.clone());
        }
        int[] next = new int[ranks.size()];
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int rank = 0; rank < ranks.size(); rank++) {
                List<Transfer> transfers = ranks.get(rank);
                while (next[rank] < transfers.size()
                        && step(rank, transfers.get(next[rank]), buffers.get(rank), mail)) {
                    next[rank]++;
                    moved = true;
                }
            }
        }
        for (int rank = 0; rank < ranks.size(); rank++) {
            assertThat(next[rank])
                    .as("transfers of rank %s", rank)
                    .isEqualTo(ranks.get(rank).size());
        }
        assertThat(mail.values()).as("mail that nobody takes").allMatch(Queue::isEmpty);
        return buffers;
    }

    private static boolean step(int rank, Transfer transfer, float[] buffer, Map<Route, Queue<float[]>> mail) {
        int from = (int) transfer.from();
        if (transfer.kind() == Kind.GIVE || transfer.kind() == Kind.SHARE) {
            mail.computeIfAbsent(new Route(rank, transfer.peer()), route -> new ArrayDeque<>())
                    .add(Arrays.copyOfRange(buffer, from, (int) transfer.to()));
            return true;
        }
        Queue<float[]> box = mail.getOrDefault(new Route(transfer.peer(), rank), new ArrayDeque<>());
        if (box.isEmpty()) {
            return false;
        }
        float[] arrived = box.remove();
        assertThat(arrived).hasSize((int) transfer.length());
        for (int i = 0; i < arrived.length; i++) {
            boolean add = transfer.kind() == Kind.ADD;
            buffer[from + i] = !add
                    ? arrived[i]
                    : transfer.peer() < rank ? arrived[i] + buffer[from + i] : buffer[from + i] + arrived[i];
        }
        return true;
    }
}
