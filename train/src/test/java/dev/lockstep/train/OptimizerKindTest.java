package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Event;
import dev.lockstep.plan.DatasetFacts;
import dev.lockstep.plan.Memory;
import dev.lockstep.plan.Plan;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What follows from the kind of the optimizer alone, here one that the program adds and that keeps two buffers. */
@Tag("slow")
class OptimizerKindTest {
    private static final String ADDED = "{kind: averaged-momentum}";
    private static final RunOptions OPTIONS = RunOptions.defaults().withLanes(1).withBucketFloats(500);

    private static Recipe recipe() {
        return TestRuns.recipe("optimizer", ADDED, "epochs", "1");
    }

    @Test
    void recipe_ofAnAddedKind_isReadBackAsItWasWritten() {
        assertThat(recipe().toYaml())
                .contains("optimizer:\n  kind: averaged-momentum\n  momentum: 0.8\n  weight-decay: 0.001\n");
        assertThat(RecipeFile.parse(recipe().toYaml(), "test", Map.of())).isEqualTo(recipe());
    }

    @Test
    void recipe_withASettingOfAnotherKind_namesKeyAndKind() {
        assertThatThrownBy(() -> TestRuns.recipe("optimizer", "{kind: averaged-momentum, nesterov: true}"))
                .isInstanceOf(LockstepException.class)
                .hasMessage("unknown key 'optimizer.nesterov' of kind averaged-momentum, --set"
                        + " optimizer={kind: averaged-momentum, nesterov: true}, remove it: this kind has momentum,"
                        + " weight-decay");
    }

    @Test
    void recipe_ofAnUnknownKind_listsAddedKindsToo() {
        assertThatThrownBy(() -> TestRuns.recipe("optimizer.kind", "adam"))
                .isInstanceOf(LockstepException.class)
                .hasMessageMatching("optimizer.kind = adam, --set .*, must be one of sgd, .*averaged-momentum");
    }

    @Test
    void plan_countsEveryBuffer() {
        DatasetFacts facts = new DatasetFacts("small", 130, 37, 3, 8, 8, 7);
        Memory sgd = Plan.of(TestRuns.recipe(), facts, 1, 1).memory().orElseThrow();
        Memory added = Plan.of(recipe(), facts, 1, 1).memory().orElseThrow();
        assertThat(sgd.optimizerState()).isPositive();
        assertThat(added.optimizerState()).isEqualTo(2 * sgd.optimizerState());
        assertThat(added.total() - sgd.total()).isEqualTo(sgd.optimizerState());
    }

    @Test
    void checkpoint_holdsEveryBuffer() {
        try (Assembly parts = TestRuns.assembly(recipe(), OPTIONS.withStopAfter(3))) {
            parts.begin().run(event -> {});
            var tensors = Checkpoint.tensors(parts.state(), 3);
            assertThat(tensors)
                    .containsKeys("fc.bias", "optimizer.momentum.fc.bias", "optimizer.mean.layer1.0.conv1.weight");
            assertThat(tensors.keySet())
                    .filteredOn(name -> name.startsWith("optimizer."))
                    .hasSize(2 * parts.state().layout().slots().size());
            parts.state().optimizer().get("mean").fill_(new Scalar(Float.NaN));
            assertThat(parts.state().isFinite()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {ADDED, "{kind: lars, trust-coefficient: 0.02}"})
    void weights_ofTwoProcesses_haveTheSameBits(String optimizer) throws Exception {
        Recipe recipe = TestRuns.recipe("optimizer", optimizer, "epochs", "1");
        String reference;
        try (Assembly parts = TestRuns.assembly(recipe, OPTIONS.withBucketFloats(1 << 20))) {
            Trainer trainer = parts.begin();
            trainer.run(event -> {});
            reference = trainer.weightsSha256();
        }
        List<String> hashes = InMemoryGroup.play(2, group -> {
            try (Assembly parts = TestRuns.assembly(recipe, group, OPTIONS.withLanes(2), new StopSignal())) {
                Trainer trainer = parts.begin();
                trainer.run(event -> {});
                return trainer.weightsSha256();
            }
        });
        assertThat(hashes).hasSize(2).containsOnly(reference);
    }

    @Test
    void bufferThatDiffers_isNamedByTheAudit() throws Exception {
        List<String> messages = InMemoryGroup.play(2, group -> {
            try (Assembly parts = TestRuns.assembly(recipe(), group, OPTIONS.withCheckpoints(4, 2), new StopSignal())) {
                Trainer trainer = parts.begin();
                return catchThrowable(() -> trainer.run(event -> {
                            if (group.rank() == 1
                                    && event instanceof Event.Step step
                                    && step.metrics().step() == 4) {
                                parts.state().optimizer().get("mean").mul_(new Scalar(1.5));
                            }
                        }))
                        .getMessage();
            }
        });
        assertThat(messages)
                .allMatch(message -> message.startsWith("processes disagree: rank = 1 has another mean of "));
    }

    @Test
    void checkpointOfAnotherKind_isRefused() {
        try (Assembly added = TestRuns.assembly(recipe(), OPTIONS);
                Assembly sgd = TestRuns.assembly(TestRuns.recipe(), OPTIONS)) {
            Checkpoint checkpoint = new Checkpoint(
                    0,
                    0,
                    0,
                    recipe().toYaml(),
                    TestRuns.data(recipe()).fingerprint(),
                    List.of(),
                    "",
                    Checkpoint.tensors(added.state(), 0));
            assertThatThrownBy(() -> sgd.begin(() -> Optional.of(checkpoint)))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContainingAll("another recipe", "optimizer.kind = sgd (averaged-momentum)");
            assertThatThrownBy(() -> checkpoint.restore(sgd.state()))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContainingAll("too many", "optimizer.mean.fc.bias");
        }
    }
}
