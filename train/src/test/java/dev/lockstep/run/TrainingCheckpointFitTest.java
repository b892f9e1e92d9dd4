package dev.lockstep.run;

import static dev.lockstep.run.TrainingRuns.OPTIONS;
import static dev.lockstep.run.TrainingRuns.run;
import static dev.lockstep.run.TrainingRuns.training;
import static dev.lockstep.run.TrainingRuns.uninterrupted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.image.format.SyntheticDataset;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.train.Assembly;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints that do not fit what is resumed. */
class TrainingCheckpointFitTest {
    @TempDir
    private Path temporary;

    @Test
    void checkpoint_ofAnotherRecipe_isRefusedNamingTheKeys() {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(2));
        Recipe other = TestRuns.recipe("seed", "2", "workers", "3", "optimizer.momentum", "0.8", "name", "renamed");
        assertThatThrownBy(() -> run(other, temporary, OPTIONS))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContainingAll(
                        "another recipe", "seed = 2 (1)", "workers = 3 (6)", "optimizer.momentum = 0.8 (0.9)")
                .hasMessageNotContaining("renamed");
    }

    @Test
    void checkpoint_ofARecipeWithTheSameArithmetic_isTaken() {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(2));
        Recipe renamed = TestRuns.recipe("name", "renamed", "epochs", "1", "evaluation.images-per-batch", "5");
        assertThat(run(renamed, temporary, OPTIONS).steps()).isEqualTo(TestRuns.STEPS_PER_EPOCH);
    }

    /** An own value and its number are the same recipe, whichever the checkpoint has. */
    @Test
    void checkpoint_ofTheResolvedRecipe_isTaken() {
        run(TestRuns.recipe("model.width", "0"), temporary, OPTIONS.withStopAfter(2));
        Recipe resolved = Recipe.read(temporary.resolve("recipe.yaml"));
        assertThat(resolved.data().imageSize()).isEqualTo(8);
        assertThat(resolved.model().width()).isEqualTo(16);
        assertThat(run(resolved, temporary, OPTIONS.withStopAfter(4)).steps()).isEqualTo(4);
        assertThat(run(TestRuns.recipe("model.width", "0"), temporary, OPTIONS.withStopAfter(6))
                        .steps())
                .isEqualTo(6);
    }

    /** Its weights are not what the shorter recipe gives. */
    @Test
    void checkpoint_beyondTheEndOfTheRecipe_isRefused() {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(TestRuns.STEPS_PER_EPOCH + 1));
        assertThatThrownBy(() -> run(TestRuns.recipe("epochs", "1"), temporary, OPTIONS))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContainingAll(
                        "beyond the end of the recipe", "step = " + (TestRuns.STEPS_PER_EPOCH + 1), "epochs = 1");
    }

    /** Whoever stops it before its next checkpoint must find it in its own folder. */
    @Test
    void runFromAnotherFoldersCheckpoint_hasItAtOnce(@TempDir Path another) throws IOException {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(3));
        Path checkpoint = temporary.resolve("checkpoints/step-00000003.safetensors");
        Training run = training(TestRuns.recipe(), OPTIONS.withStopAfter(3));
        run.resume(another, checkpoint);
        assertThat(another.resolve("checkpoints/step-00000003.safetensors")).exists();
        Recipe recipe = TestRuns.recipe();
        assertThat(run(recipe, another, OPTIONS).weightsSha256())
                .isEqualTo(uninterrupted(recipe).result().weightsSha256());
    }

    @Test
    void checkpoint_ofOtherData_isRefused() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(2));
        OpenDataset data = TestRuns.data(recipe);
        OpenDataset other = new OpenDataset(
                data.spec(),
                new SyntheticDataset("another", 130, data.shape(), 7),
                data.validation(),
                data.trainingTransform(),
                data.evaluationTransform());
        Training run = training(recipe, other, OPTIONS);
        assertThatThrownBy(() -> run.resumeOrStart(temporary))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContainingAll("checkpoint is of other data", data.fingerprint(), other.fingerprint());
    }

    @Test
    void checkpoint_withoutATensor_isRefusedNamingIt() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(2));
        Checkpoint whole = Checkpoint.read(temporary.resolve("checkpoints/step-00000002.safetensors"));
        var fewer = new TreeMap<>(whole.tensors());
        fewer.remove("fc.bias");
        fewer.put("bn1.running_mean", fewer.get("fc.weight"));
        Checkpoint bad = copy(whole, 0, whole.recipe(), fewer);
        try (Assembly fresh = TestRuns.assembly(recipe, OPTIONS)) {
            String before = weights(fresh);
            requireRefused(fresh, bad, "1 missing: fc.bias", "bn1.running_mean F32[7, 16] instead of F32[4]");
            assertThat(weights(fresh)).isEqualTo(before);
        }
    }

    private static String weights(Assembly parts) {
        return Checkpoint.weightsSha256(parts.state().layout(), parts.state().parameters());
    }

    private static void requireRefused(Assembly fresh, Checkpoint bad, String... named) {
        assertThatThrownBy(() -> fresh.begin(() -> Optional.of(bad)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContainingAll(named);
    }

    private static Checkpoint copy(Checkpoint from, long epoch, String recipe, Map<String, HostTensor> tensors) {
        return new Checkpoint(
                from.step(),
                epoch,
                from.iteration(),
                recipe,
                from.datasetFingerprint(),
                from.classNames(),
                from.trainer(),
                tensors);
    }

    @Test
    void checkpoint_ofAnotherPositionOrWithAnUnreadableRecipe_isACheckpointError() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(2));
        Checkpoint whole = Checkpoint.read(temporary.resolve("checkpoints/step-00000002.safetensors"));
        try (Assembly fresh = TestRuns.assembly(recipe, OPTIONS)) {
            requireRefused(
                    fresh, copy(whole, 1, whole.recipe(), whole.tensors()), "step = 2, epoch = 1, iteration = 2");
            requireRefused(fresh, copy(whole, 0, "workers: [", whole.tensors()), "recipe of the checkpoint");
        }
    }
}
