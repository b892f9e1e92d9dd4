package dev.lockstep.run;

import static dev.lockstep.run.TrainingRuns.OPTIONS;
import static dev.lockstep.run.TrainingRuns.assertSame;
import static dev.lockstep.run.TrainingRuns.left;
import static dev.lockstep.run.TrainingRuns.run;
import static dev.lockstep.run.TrainingRuns.training;
import static dev.lockstep.run.TrainingRuns.uninterrupted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.TrainingRuns.Watching;
import dev.lockstep.storage.Locations;
import dev.lockstep.storage.MemoryStore;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs whose folder is in a store. */
@Tag("slow")
final class RemoteFolderTest {
    private static final String NEWEST = "run/checkpoints/step-00000006.safetensors";

    private final String name = "run-" + System.nanoTime();
    private final MemoryStore store = MemoryStore.named(name);
    private final Path out = Locations.path("mem://" + name + "/run");
    private final Recipe recipe = TestRuns.recipe();

    @AfterEach
    void forgetThisMachine() throws IOException {
        if (Files.exists(Training.workFolder(out))) {
            TrainingRuns.delete(Training.workFolder(out));
        }
    }

    private List<String> checkpoints() {
        return store.objects.keySet().stream()
                .filter(key -> key.contains("checkpoints/step-"))
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .toList();
    }

    private List<String> runWithNotices(Recipe recipe) {
        List<String> notices = new ArrayList<>();
        training(recipe, OPTIONS).listener(new Watching(step -> {}, notices)).resumeOrStart(out);
        return notices;
    }

    @Test
    void runThatIsResumedOnAnotherMachine_endsLikeAnUninterruptedOne() throws IOException {
        for (int stop : new int[] {4, 6, 9}) {
            run(recipe, out, OPTIONS.withStopAfter(stop));
            forgetThisMachine();
        }
        RunResult result = run(recipe, out, OPTIONS);
        assertSame(left(result, out), uninterrupted(recipe));
        assertThat(checkpoints()).containsExactly("step-00000009.safetensors", "step-00000014.safetensors");
        assertThat(store.objects).containsKeys("run/recipe.yaml", "run/result.json", "run/metrics.jsonl");
    }

    @Test
    void checkpoint_isStoredAfterTheMetricsThatBelongToIt() {
        run(recipe, out, OPTIONS.withStopAfter(6));
        List<String> puts =
                store.calls.stream().filter(call -> call.startsWith("put")).toList();
        assertThat(puts.indexOf("put run/metrics.jsonl")).isBetween(0, puts.indexOf("put " + NEWEST) - 1);
    }

    @Test
    void damagedCheckpointInTheStore_isSkippedForTheOneBefore() throws IOException {
        run(recipe, out, OPTIONS.withStopAfter(4));
        run(recipe, out, OPTIONS.withStopAfter(6));
        store.objects.get(NEWEST)[5000] ^= 1;
        forgetThisMachine();
        assertThat(runWithNotices(recipe)).anyMatch(notice -> notice.startsWith("skipping a checkpoint: "));
        assertSame(left(training(recipe, OPTIONS).resumeOrStart(out), out), uninterrupted(recipe));
    }

    /** Somebody continued the run on another machine, or removed it. */
    @Test
    void whatOnlyThisMachineHas_isNotResumed() {
        run(recipe, out, OPTIONS.withStopAfter(6));
        store.objects.clear();
        RunResult result = run(recipe, out, OPTIONS.withStopAfter(2));
        assertThat(result.steps()).isEqualTo(2);
    }

    @Test
    void storeThatTakesNoCheckpoint_isAWarningInMidRunAndAnErrorAtItsEnd() {
        store.failing = call -> call.startsWith("put run/checkpoints/step-00000007");
        assertThat(runWithNotices(recipe))
                .anyMatch(notice -> notice.startsWith("warning: checkpoint of step 7 was not written: ")
                        && notice.contains("the store answered 503"));
        assertThat(checkpoints()).containsExactly("step-00000014.safetensors");
        store.objects.clear();
        store.failing = call -> call.startsWith("put run/checkpoints/");
        assertThatThrownBy(() -> run(recipe, out, OPTIONS))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContaining("the checkpoint of the last step could not be written");
        assertThat(store.objects).doesNotContainKey("run/result.json");
    }

    @Test
    void startAnew_setsTheLaterCheckpointsInTheStoreAside() {
        run(recipe, out, OPTIONS.withStopAfter(6));
        training(recipe, OPTIONS.withStopAfter(2)).start(out);
        assertThat(checkpoints()).containsExactly("step-00000002.safetensors", "step-00000006.safetensors.superseded");
    }

    @Test
    void folderOfAnother_isRefused() {
        store.objects.put("run/recipe.yaml", "name: theirs".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> run(recipe, out, OPTIONS))
                .hasMessageContaining("training would overwrite a recipe that no run wrote");
        assertThat(store.objects).hasSize(1);
    }
}
