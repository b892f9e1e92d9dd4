package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.plan.DatasetFacts;
import dev.lockstep.plan.Memory;
import dev.lockstep.plan.Plan;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What follows from the kind of the optimizer alone, here one that the program adds and that keeps two buffers. */
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
        try (Trainer trainer = TestRuns.trainer(recipe(), OPTIONS.withStopAfter(3))) {
            trainer.run(new TestRuns.Listener());
            var tensors = Checkpoint.tensors(trainer.state(), 3);
            assertThat(tensors)
                    .containsKeys("fc.bias", "optimizer.momentum.fc.bias", "optimizer.mean.layer1.0.conv1.weight");
            assertThat(tensors.keySet())
                    .filteredOn(name -> name.startsWith("optimizer."))
                    .hasSize(2 * trainer.state().layout().slots().size());
            trainer.state().optimizer().get("mean").fill_(Tensors.scalar(Float.NaN));
            assertThat(trainer.state().isFinite()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {ADDED, "{kind: lars, trust-coefficient: 0.02}"})
    void weights_ofTwoProcesses_haveTheSameBits(String optimizer) throws Exception {
        Recipe recipe = TestRuns.recipe("optimizer", optimizer, "epochs", "1");
        String reference;
        try (Trainer trainer = TestRuns.trainer(recipe, OPTIONS.withBucketFloats(1 << 20))) {
            trainer.run(new TestRuns.Listener());
            reference = trainer.weightsSha256();
        }
        List<String> hashes = InMemoryGroup.play(2, group -> {
            try (Trainer trainer = TestRuns.trainer(recipe, group, OPTIONS.withLanes(2), new StopSignal())) {
                trainer.run(new TestRuns.Listener());
                return trainer.weightsSha256();
            }
        });
        assertThat(hashes).hasSize(2).containsOnly(reference);
    }

    @Test
    void bufferThatDiffers_isNamedByTheAudit() throws Exception {
        List<String> messages = InMemoryGroup.play(2, group -> {
            try (Trainer trainer = TestRuns.trainer(recipe(), group, OPTIONS.withCheckpoints(4, 2), new StopSignal())) {
                TestRuns.Listener listener = new TestRuns.Listener() {
                    @Override
                    public void onStep(StepMetrics step) {
                        if (group.rank() == 1 && step.step() == 4) {
                            trainer.state().optimizer().get("mean").mul_(new Scalar(1.5));
                        }
                    }
                };
                return catchThrowable(() -> trainer.run(listener)).getMessage();
            }
        });
        assertThat(messages)
                .allMatch(message -> message.startsWith("processes disagree: rank = 1 has another mean of "));
    }

    @Test
    void checkpointOfAnotherKind_isRefused() {
        try (Trainer trainer = TestRuns.trainer(recipe(), OPTIONS);
                Trainer sgd = TestRuns.trainer(TestRuns.recipe(), OPTIONS)) {
            Checkpoint checkpoint = new Checkpoint(
                    0,
                    0,
                    0,
                    recipe().toYaml(),
                    trainer.datasetFingerprint(),
                    List.of(),
                    "",
                    Checkpoint.tensors(trainer.state(), 0));
            assertThatThrownBy(() -> sgd.restore(checkpoint))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContainingAll("another recipe", "optimizer.kind = sgd (averaged-momentum)");
            assertThatThrownBy(() -> checkpoint.restore(sgd.state()))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContainingAll("too many", "optimizer.mean.fc.bias");
        }
    }
}
