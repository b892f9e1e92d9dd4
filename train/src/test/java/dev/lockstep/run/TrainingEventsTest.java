package dev.lockstep.run;

import static dev.lockstep.run.TrainingRuns.OPTIONS;
import static dev.lockstep.run.TrainingRuns.assertSame;
import static dev.lockstep.run.TrainingRuns.left;
import static dev.lockstep.run.TrainingRuns.run;
import static dev.lockstep.run.TrainingRuns.training;
import static dev.lockstep.run.TrainingRuns.uninterrupted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.topology.Topology;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What listeners of a run hear, and what a run makes of listeners and runs that fail. */
class TrainingEventsTest {
    private static final Recipe RECIPE = TestRuns.recipe();

    @TempDir
    private Path temporary;

    private final List<Event> heard = new ArrayList<>();

    private List<String> names() {
        return heard.stream().map(event -> event.getClass().getSimpleName()).toList();
    }

    private <T extends Event> List<T> all(Class<T> type) {
        return heard.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** A group of one that remembers of which failures it was to tell. */
    private static final class Telling implements Collective {
        private final List<Throwable> told = new ArrayList<>();

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public void allReduceSum(Tensor buffer) {}

        @Override
        public void allReduceSum(Topology topology, List<Tensor> partials) {}

        @Override
        public List<byte[]> allGather(byte[] mine) {
            return List.of(mine);
        }

        @Override
        public boolean isBitwise() {
            return true;
        }

        @Override
        public void fail(Throwable cause) {
            told.add(cause);
        }

        @Override
        public void close() {}
    }

    @Test
    void run_tellsFromItsStartToItsEnd() {
        RunResult result = training(RECIPE, OPTIONS.withCheckpoints(3, 9))
                .arguments(List.of("--data", "x"))
                .listener(heard::add)
                .resumeOrStart(temporary);
        assertThat(names()).startsWith("Started", "Step").endsWith("Finished").doesNotContain("Resumed", "Audit");
        RunInfo run = all(Event.Started.class).get(0).run();
        assertThat(run)
                .isEqualTo(new RunInfo(
                        temporary,
                        RECIPE.with(Map.of("data.image-size", "8")),
                        List.of("--data", "x"),
                        0,
                        1,
                        true,
                        2,
                        run.parameters(),
                        7,
                        4,
                        0));
        assertThat(run.totalSteps()).isEqualTo(TestRuns.STEPS);
        assertThat(run.parameters()).isGreaterThan(100);
        assertThat(all(Event.Step.class))
                .extracting(step -> step.metrics().step())
                .hasSize(TestRuns.STEPS);
        assertThat(all(Event.Epoch.class))
                .extracting(epoch -> epoch.metrics().epoch())
                .containsExactly(0, 1);
        assertThat(all(Event.CheckpointSaved.class))
                .extracting(Event.CheckpointSaved::step)
                .containsExactly(3L, 6L, 7L, 7L, 9L, 12L, 14L, 14L);
        Event.Finished finished = all(Event.Finished.class).get(0);
        assertThat(finished.result()).isEqualTo(result);
        List<Event.Step> steps = all(Event.Step.class);
        assertThat(finished.noiseScale())
                .isEqualTo(steps.get(steps.size() - 1).metrics().noiseScale());
    }

    @Test
    void resumedRun_saysWhereBeforeItsFirstStep() {
        run(RECIPE, temporary, OPTIONS.withStopAfter(3));
        training(RECIPE, OPTIONS).listener(heard::add).resumeOrStart(temporary);
        assertThat(names()).startsWith("Started", "Resumed", "Step");
        assertThat(all(Event.Started.class).get(0).run().step()).isEqualTo(3);
        assertThat(heard.get(1)).isEqualTo(new Event.Resumed(3, false));
        heard.clear();
        training(RECIPE, OPTIONS).listener(heard::add).resumeOrStart(temporary);
        assertThat(names()).containsExactly("Started", "Resumed", "Finished");
        assertThat(heard.get(1)).isEqualTo(new Event.Resumed(TestRuns.STEPS, true));
    }

    @Test
    void listenerThatThrows_changesNothing() throws IOException {
        RunResult result = training(RECIPE, OPTIONS)
                .listener(event -> {
                    heard.add(event);
                    throw new IllegalStateException("dashboard is down");
                })
                .resumeOrStart(temporary);
        assertSame(left(result, temporary), uninterrupted(RECIPE));
        assertThat(all(Event.Notice.class))
                .singleElement()
                .satisfies(notice -> assertThat(notice.text()).contains("event = Started", "dashboard is down"));
        assertThat(all(Event.Step.class)).hasSize(TestRuns.STEPS);
    }

    @Test
    void factory_opensAfterTheRestore_andIsClosedOnce() {
        run(RECIPE, temporary, OPTIONS.withStopAfter(3));
        List<String> calls = new ArrayList<>();
        training(RECIPE, OPTIONS.withStopAfter(4))
                .listenerFactory((run, notices) -> {
                    calls.add("open at " + run.step());
                    notices.accept("hello");
                    return Optional.of(new RunListener() {
                        @Override
                        public void on(Event event) {
                            calls.add(event.getClass().getSimpleName());
                        }

                        @Override
                        public void flush() {
                            calls.add("flush");
                        }

                        @Override
                        public void close() {
                            calls.add("close");
                        }
                    });
                })
                .listenerFactory((run, notices) -> Optional.empty())
                .resumeOrStart(temporary);
        assertThat(calls)
                .containsSubsequence(
                        "open at 3",
                        "Started",
                        "Notice",
                        "Resumed",
                        "Step",
                        "flush",
                        "CheckpointSaved",
                        "Finished",
                        "close")
                .containsOnlyOnce("close")
                .endsWith("close");
    }

    @Test
    void factoryThatRefuses_endsTheRunBeforeItsFirstStep() throws IOException {
        Training run = training(RECIPE, OPTIONS).listener(heard::add).listenerFactory((info, notices) -> {
            throw LockstepException.recipe("no dashboard", "port = 1", "start it");
        });
        assertThatThrownBy(() -> run.resumeOrStart(temporary)).hasMessage("no dashboard, port = 1, start it");
        assertThat(names()).containsExactly("Failed");
        assertThat(Files.readAllLines(temporary.resolve(MetricsFile.NAME))).isEmpty();
    }

    @Test
    void failure_isToldToTheGroupAndTheListenersOnce() {
        Telling group = new Telling();
        LockstepException broken = LockstepException.data("truncated image", "file = x.jpg", "replace it");
        Training run = Training.create(
                        RECIPE,
                        Models::create,
                        TestRuns.watchingValidation(TestRuns.data(RECIPE), image -> {
                            throw broken;
                        }),
                        group)
                .options(OPTIONS)
                .listener(heard::add);
        assertThatThrownBy(() -> run.resumeOrStart(temporary)).isSameAs(broken);
        assertThat(group.told).containsExactly(broken);
        assertThat(names())
                .startsWith("Started")
                .contains("CheckpointSaved")
                .endsWith("Failed")
                .containsOnlyOnce("Failed");
        assertThat(all(Event.Failed.class)).containsExactly(new Event.Failed(broken));
    }

    /** The others wait for this process by then. */
    @Test
    void dataThatAreMissing_areToldToTheGroup() {
        Telling group = new Telling();
        LockstepException missing = LockstepException.data("no such dataset", "data.dataset = x", "fetch it");
        Training run = Training.create(
                        RECIPE,
                        Models::create,
                        () -> {
                            throw missing;
                        },
                        group)
                .listener(heard::add);
        assertThatThrownBy(() -> run.resumeOrStart(temporary)).isSameAs(missing);
        assertThat(group.told).containsExactly(missing);
        assertThat(heard).containsExactly(new Event.Failed(missing));
    }

    @Test
    void membership_isToldToTheListeners() {
        Training run = training(RECIPE, OPTIONS.withStopAfter(1)).listener(heard::add);
        Event.Membership joined = new Event.Membership(1, "node-1", "joined");
        run.tell(joined);
        run.resumeOrStart(temporary);
        assertThat(heard).containsOnlyOnce(joined);
    }

    @Test
    void training_runsOnce() {
        Training run = training(RECIPE, OPTIONS.withStopAfter(0));
        run.start(temporary);
        assertThatThrownBy(() -> run.start(temporary)).isInstanceOf(IllegalStateException.class);
    }
}
