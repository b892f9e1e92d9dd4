package dev.lockstep.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_abcd;
import static org.bytedeco.dnnl.global.dnnl.dnnl_acdb;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;

import dev.lockstep.model.FlatState;
import dev.lockstep.recipe.Recipe;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SharedWeightsTest {
    private final TestPass test = new TestPass("resnet8", 4, 3, 16, Recipe.Precision.FLOAT32);
    private final FlatState state = test.state;

    private static dnnl_memory_desc kernels(int tag) {
        return Dnnl.tagged(new long[] {16, 16, 3, 3}, dnnl_f32, tag);
    }

    @Test
    void copy_ofAnotherLane_isTheSameWhereTheLayoutIs() {
        try (TestPass.OwnLane lane = test.new OwnLane(Recipe.Engine.ONEDNN);
                SharedWeights one = SharedWeights.of(state);
                SharedWeights other = SharedWeights.of(state)) {
            long before = one.bytes();
            assertThat(before).isEqualTo(lane.copiesBytes()).isPositive();
            SharedWeights.Copy copy = one.copy("a.weight", kernels(dnnl_abcd));
            assertThat(other.copy("a.weight", kernels(dnnl_abcd))).isSameAs(copy);
            assertThat(other.copy("a.weight", kernels(dnnl_acdb))).isNotSameAs(copy);
            assertThat(other.copy("b.weight", kernels(dnnl_abcd))).isNotSameAs(copy);
            assertThat(one.bytes() - before).isEqualTo(3L * 16 * 16 * 9 * Float.BYTES);
            try (TestPass.OwnLane second = test.new OwnLane(Recipe.Engine.ONEDNN)) {
                assertThat(second.copiesBytes()).isEqualTo(one.bytes());
            }
        }
        try (SharedWeights next = SharedWeights.of(state)) {
            assertThat(next.bytes()).isZero();
        }
    }

    @Test
    @Timeout(60)
    void make_byTwoLanes_isDoneOncePerChange_andByWhoeverIsFree() throws InterruptedException {
        try (SharedWeights weights = SharedWeights.of(state)) {
            SharedWeights.Copy copy = weights.copy("a.weight", kernels(dnnl_abcd));
            AtomicInteger made = new AtomicInteger();
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch end = new CountDownLatch(1);
            Thread first = new Thread(() -> copy.tryMake(weights.generation(), () -> {
                begun.countDown();
                awaitQuietly(end);
                made.incrementAndGet();
            }));
            first.start();
            begun.await();
            // Another is at it: not done, and not waited for.
            copy.tryMake(weights.generation(), made::incrementAndGet);
            assertThat(made).hasValue(0);
            AtomicInteger seen = new AtomicInteger();
            Thread second = new Thread(() -> {
                copy.make(weights.generation(), made::incrementAndGet);
                seen.set(made.get());
            });
            second.start();
            end.countDown();
            first.join();
            second.join();
            assertThat(seen).hasValue(1);
            weights.changed();
            copy.make(weights.generation(), made::incrementAndGet);
            copy.tryMake(weights.generation(), made::incrementAndGet);
            assertThat(made).hasValue(2);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void make_thatFailed_isDoneByTheNext() {
        try (SharedWeights weights = SharedWeights.of(state)) {
            SharedWeights.Copy copy = weights.copy("a.weight", kernels(dnnl_abcd));
            assertThatThrownBy(() -> copy.make(weights.generation(), () -> {
                        throw new IllegalStateException("failed");
                    }))
                    .hasMessage("failed");
            AtomicInteger made = new AtomicInteger();
            copy.tryMake(weights.generation(), made::incrementAndGet);
            assertThat(made).hasValue(1);
        }
    }

    @Test
    @Timeout(120)
    void lanes_atOnce_afterEveryChange_haveTheBitsOfOneLaneAlone() throws InterruptedException {
        TestPass.Result[] alone = new TestPass.Result[4];
        try (TestPass.OwnLane lane = test.new OwnLane(Recipe.Engine.ONEDNN)) {
            for (int step = 0; step < alone.length; step++) {
                test.scaleParameters(step == 0 ? 1 : 0.5);
                lane.parametersChanged();
                alone[step] = lane.compute(1);
            }
            test.scaleParameters(8);
        }
        try (TestPass.OwnLane one = test.new OwnLane(Recipe.Engine.ONEDNN);
                TestPass.OwnLane other = test.new OwnLane(Recipe.Engine.ONEDNN)) {
            for (int step = 0; step < alone.length; step++) {
                test.scaleParameters(step == 0 ? 1 : 0.5);
                one.parametersChanged();
                other.parametersChanged();
                TestPass.Result[] results = new TestPass.Result[2];
                Thread first = new Thread(() -> results[0] = one.compute(1));
                Thread second = new Thread(() -> results[1] = other.compute(1));
                first.start();
                second.start();
                first.join();
                second.join();
                for (TestPass.Result result : results) {
                    assertThat(Arrays.equals(result.gradients(), alone[step].gradients()))
                            .as("step %d", step)
                            .isTrue();
                }
            }
        }
    }
}
