package dev.lockstep.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.topology.ReductionTree;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What every {@link Collective} does, whatever its algorithm. One rank runs it; all ranks of a group run it together. */
final class CollectiveContract {
    /** Empty, shorter than any group, not divisible, on both sides of the short form, several pieces. */
    static final List<Integer> LENGTHS = List.of(0, 1, 2, 3, 7, 64, 1000, 4096, 4097, 50_001);

    /** The pieces with which the contract is run: small, so that its buffers are cut many times. */
    static final long SHORT = 100;

    static final long PIECE = 1000;

    private CollectiveContract() {}

    /** Runs all checks; returns the sums, so that ranks can be compared. */
    static List<float[]> check(Collective collective) {
        TorchRuntime.load();
        List<float[]> sums = new ArrayList<>();
        for (int length : LENGTHS) {
            sums.add(sum(collective, length, 7));
        }
        sumsOfIntegersAreExact(collective);
        sameBufferAgain(collective);
        gathersBytes(collective);
        refusesWrongTensors(collective);
        return sums;
    }

    /** The contribution of a rank: values of very different size, so that the order of additions shows. */
    static float[] contribution(int rank, int length, long seed) {
        Random random = new Random(seed * 1_000_003 + rank * 31L + length);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(8) - 4));
        }
        return values;
    }

    static float[] sum(Collective collective, int length, long seed) {
        try (PointerScope scope = new PointerScope()) {
            Tensor buffer = AbstractTensor.create(contribution(collective.rank(), length, seed), length);
            collective.allReduceSum(buffer);
            return values(buffer);
        }
    }

    /** One contribution of each worker, summed over this process's subtrees as {@code LocalSum} does. */
    static float[] sumOfPartials(Collective collective, Topology topology, int length, long seed) {
        TorchRuntime.load();
        try (PointerScope scope = new PointerScope()) {
            List<Tensor> partials = topology.subtreesOf(collective.rank()).stream()
                    .map(subtree -> partial(subtree.from(), subtree.size(), length, seed))
                    .toList();
            collective.allReduceSum(topology, partials);
            return values(partials.get(0));
        }
    }

    private static Tensor partial(int from, int size, int length, long seed) {
        if (size == 1) {
            return AbstractTensor.create(contribution(from, length, seed), length);
        }
        int left = ReductionTree.leftHalf(size);
        return partial(from, left, length, seed).add_(partial(from + left, size - left, length, seed));
    }

    private static float[] values(Tensor buffer) {
        return buffer.numel() == 0 ? new float[0] : Tensors.toArray(buffer);
    }

    /** Small integers have no rounding: every algorithm must give the same. */
    private static void sumsOfIntegersAreExact(Collective collective) {
        for (int length : LENGTHS) {
            try (PointerScope scope = new PointerScope()) {
                Tensor buffer = torch.full(
                        new long[] {length},
                        Tensors.scalar(collective.rank() + 1),
                        torch.zeros(1).options());
                collective.allReduceSum(buffer);
                float[] expected = new float[length];
                Arrays.fill(expected, collective.size() * (collective.size() + 1) / 2f);
                assertThat(values(buffer)).as("length %s", length).isEqualTo(expected);
            }
        }
    }

    /** A step reduces the same memory as the step before; what was there must not come back. */
    private static void sameBufferAgain(Collective collective) {
        try (PointerScope scope = new PointerScope()) {
            Tensor whole = torch.ones(5000);
            Tensor part = whole.narrow(0, 1000, 3000);
            for (int step = 1; step <= 3; step++) {
                collective.allReduceSum(part);
                assertThat(part.sum().item_float()).isEqualTo((float) (3000 * Math.pow(collective.size(), step)));
            }
            assertThat(whole.sum().item_float())
                    .as("elements outside of the view")
                    .isEqualTo((float) (2000 + 3000 * Math.pow(collective.size(), 3)));
        }
    }

    private static void gathersBytes(Collective collective) {
        byte[] mine = "x".repeat(collective.rank() * 3).getBytes(StandardCharsets.UTF_8);
        List<byte[]> all = collective.allGather(mine);
        assertThat(all).hasSize(collective.size());
        for (int rank = 0; rank < collective.size(); rank++) {
            assertThat(new String(all.get(rank), StandardCharsets.UTF_8)).isEqualTo("x".repeat(rank * 3));
        }
        assertThat(collective.allGather(new byte[0])).hasSize(collective.size()).allMatch(bytes -> bytes.length == 0);
        byte[] every = new byte[256];
        for (int i = 0; i < every.length; i++) {
            every[i] = (byte) i;
        }
        assertThat(collective.allGather(every))
                .allSatisfy(bytes -> assertThat(bytes).isEqualTo(every));
    }

    private static void refusesWrongTensors(Collective collective) {
        try (PointerScope scope = new PointerScope()) {
            Tensor table = torch.zeros(2, 3);
            assertThatThrownBy(() -> collective.allReduceSum(table)).isInstanceOf(IllegalArgumentException.class);
            Tensor whole = AbstractTensor.create(new int[] {1, 2});
            assertThatThrownBy(() -> collective.allReduceSum(whole)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
