package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.network.JarWithNetwork;
import dev.lockstep.network.NetworksTest;
import dev.lockstep.plan.Plan.RatePoint;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTest {
    private static Plan plan(String... keysAndValues) {
        return plan(32, 2, keysAndValues);
    }

    private static Plan plan(int processes, int lanes, String... keysAndValues) {
        Recipe recipe = Recipes.paper8k(keysAndValues);
        return Plan.of(recipe, DatasetFacts.of(recipe.data()).orElseThrow(), processes, lanes);
    }

    @Test
    void of_paper8k_hasThePapersNumbers() {
        Plan plan = plan();

        assertThat(plan.minibatch()).isEqualTo(8192);
        assertThat(plan.scalingFactor()).isEqualTo(32);
        assertThat(plan.iterationsPerEpoch()).isEqualTo(156);
        assertThat(plan.iterations()).isEqualTo(14_040);
        assertThat(plan.cut().droppedPerEpoch()).isEqualTo(3215);
        assertThat(plan.warmupIterations()).isEqualTo(780);
        assertThat(plan.warmupIncrement()).isCloseTo(3.1 / 780, within(1e-15));
        assertThat(plan.finalRate()).isCloseTo(0.0032, within(1e-12));
    }

    @Test
    void warmupTable_paper8k_hasEveryEpochFrom01To32() {
        List<RatePoint> table = plan().warmupTable();

        assertThat(table).extracting(RatePoint::iteration).containsExactly(0L, 156L, 312L, 468L, 624L, 780L);
        assertThat(table).extracting(RatePoint::epoch).containsExactly(0.0, 1.0, 2.0, 3.0, 4.0, 5.0);
        assertThat(table.get(0).rate()).isEqualTo(0.1);
        assertThat(table.get(1).rate()).isCloseTo(0.72, within(1e-12));
        assertThat(table.get(5).rate()).isEqualTo(3.2);
    }

    @Property(tries = 100)
    void warmupTable_anyLength_isShortAscendingAndReachesTheScaledRate(
            @ForAll @DoubleRange(min = 0.01, max = 60) @Scale(3) double epochs) {
        List<RatePoint> table =
                plan("learning-rate.warmup.epochs", Double.toString(epochs)).warmupTable();

        assertThat(table).hasSizeBetween(2, 11);
        assertThat(table).extracting(RatePoint::iteration).isSorted().doesNotHaveDuplicates();
        assertThat(table.get(0).rate()).isEqualTo(0.1);
        assertThat(table.get(table.size() - 1).iteration()).isEqualTo(Math.round(epochs * 156));
    }

    @Test
    void warmupTable_nothingToWarmUp_isEmpty() {
        assertThat(plan(1, 1, "workers", "8").warmupTable()).isEmpty();
        assertThat(plan(1, 1, "workers", "8").warmupIncrement()).isZero();
        assertThat(plan("learning-rate.warmup.kind", "none").warmupTable()).isEmpty();
    }

    @Test
    void decays_paper8k_areAtEpochs30_60_80() {
        List<RatePoint> decays = plan().decays();

        assertThat(decays).extracting(RatePoint::iteration).containsExactly(4680L, 9360L, 12_480L);
        assertThat(decays.get(0).rate()).isCloseTo(0.32, within(1e-12));
        assertThat(decays.get(2).rate()).isCloseTo(0.0032, within(1e-12));
    }

    @Test
    void decays_beyondTheEnd_areLeftOut() {
        assertThat(plan("epochs", "60").decays()).extracting(RatePoint::epoch).containsExactly(30.0);
    }

    @Test
    void decays_cosineAndConstant_areQuartersAndNone() {
        assertThat(plan("learning-rate.schedule.kind", "cosine").decays())
                .extracting(RatePoint::epoch)
                .containsExactly(22.5, 45.0, 67.5);
        assertThat(plan("learning-rate.schedule.kind", "constant").decays()).isEmpty();
    }

    @Property(tries = 50)
    void of_anyK_doesNotOverflow(@ForAll @IntRange(min = 1, max = 39_000) int workers) {
        Plan plan = plan(1, 4, "workers", Integer.toString(workers));

        assertThat((long) plan.iterationsPerEpoch() * plan.minibatch()
                        + plan.cut().droppedPerEpoch())
                .isEqualTo(Recipes.IMAGENET_IMAGES);
        assertThat(plan.memory().orElseThrow().total()).isPositive();
    }

    @Test
    void memory_resnet50_countsEveryBuffer() {
        Memory memory = plan(32, 2).memory().orElseThrow();
        long contribution = 4L * (25_557_032 + 53_120 + 16);

        assertThat(memory.parameters()).isEqualTo(4L * (25_557_032 + 53_120));
        assertThat(memory.optimizerState()).isEqualTo(4L * 25_557_032);
        assertThat(memory.gradients()).isEqualTo(2 * contribution);
        assertThat(memory.partialSums()).as("8 workers: 2 lanes and 3 levels").isEqualTo(5 * contribution);
        assertThat(memory.activations()).isBetween(5_400_000_000L, 5_600_000_000L);
        assertThat(memory.total())
                .isEqualTo(memory.parameters()
                        + memory.optimizerState()
                        + memory.gradients()
                        + memory.partialSums()
                        + memory.activations());
    }

    @Test
    void memory_oneWorkerAProcess_needsNoPartialSumsAndOneLane() {
        Plan plan = plan(256, 4);

        assertThat(plan.lanes()).isEqualTo(1);
        assertThat(plan.memory().orElseThrow().partialSums()).isZero();
    }

    @Test
    void traffic_processes_sendTwiceTheirShareOfTheContribution() {
        long contribution = 4L * (25_557_032 + 53_120 + 16);

        assertThat(plan(1, 1).traffic().orElseThrow()).isEqualTo(new Traffic(contribution, 0));
        assertThat(plan(4, 1).traffic().orElseThrow()).isEqualTo(new Traffic(contribution, contribution * 6 / 4));
        assertThat(plan(256, 1).traffic().orElseThrow().sentBytesPerProcess())
                .isCloseTo(2 * contribution, within(contribution / 100));
    }

    @Test
    void of_networkOfTheUsersOwn_plansAllButMemoryAndTraffic(@TempDir Path jar) throws Exception {
        Plan plan = JarWithNetwork.inUse(jar, NetworksTest.Twin.class.getName(), () -> plan("model.name", "mine"));

        assertThat(plan.memory()).isEmpty();
        assertThat(plan.traffic()).isEmpty();
        assertThat(plan.iterations()).isEqualTo(14_040);
    }

    @Test
    void of_tooManyProcessesOrNoLanes_isARecipeError() {
        assertThatThrownBy(() -> plan(257, 1))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("procs = 257");
        assertThatThrownBy(() -> plan(1, 0))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("lanes = 0");
    }
}
