package dev.lockstep.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.network.Operation;
import dev.lockstep.network.Operation.Size;
import dev.lockstep.recipe.Recipe;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArenaTest {
    /**
     * Batch norm needs its input in the backward pass: the output of every convolution must be kept. All else is computed again,
     * or shares memory. The lanes are made but compute nothing, so their memory is never touched.
     */
    @ParameterizedTest
    @CsvSource({"resnet50, 32, 3, 224, 1.13", "mobilenet_v2, 8, 3, 224, 1.08", "resnet20, 32, 1, 28, 1.3"})
    void arena_isLittleMoreThanTheOutputsOfTheConvolutions(String model, int n, int channels, int side, double most) {
        TestPass test = new TestPass(model, n, channels, side, Recipe.Precision.FLOAT32);
        long floats = test.graph().nodes().stream()
                .filter(node -> node.operation() instanceof Operation.Convolution)
                .map(Node::output)
                .mapToLong(ArenaTest::floats)
                .sum();
        try (TestPass.OwnLane lane = test.new OwnLane(Recipe.Engine.ONEDNN)) {
            assertThat((double) lane.arenaBytes() / (Float.BYTES * n * floats)).isBetween(1.0, most);
        }
    }

    private static long floats(Size size) {
        return (long) size.channels() * size.height() * size.width();
    }

    @Test
    void blocks_thatAreNotNeededAtOnce_shareMemory() {
        Block first = block(1000, 0, 1);
        Block second = block(500, 1, 2);
        Block third = block(900, 2, 3);
        Block always = Block.pinned(64);
        try (Arena arena = new Arena(List.of(first, second, third, always))) {
            assertThat(third.address).isEqualTo(first.address);
            assertThat(second.address).isBetween(first.address + 1000, first.address + 1024);
            assertThat(always.address).isGreaterThanOrEqualTo(second.address + 500);
            assertThat(arena.bytes()).isLessThan(1700);
        }
    }

    private static Block block(long bytes, int from, int to) {
        Block block = Block.shared(bytes);
        block.use(from);
        block.use(to);
        return block;
    }
}
