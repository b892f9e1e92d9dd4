package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.RecipeFile;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class AlertsTest {
    private final List<Alert> raised = new ArrayList<>();
    private final AtomicLong free = new AtomicLong(1L << 40);
    private final Alerts alerts = new Alerts(run(), free::get, raised::add);
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private long step;

    /** A minibatch of 64 × 32 images, 100 steps per epoch. */
    private static RunInfo run() {
        return new RunInfo(
                Path.of("run"),
                RecipeFile.parse(
                        "{name: x, epochs: 9, workers: 64, data: {dataset: 'synthetic'}, model: {name: resnet8}}",
                        "test",
                        Map.of()),
                List.of(),
                0,
                2,
                true,
                1,
                1000,
                100,
                0,
                0);
    }

    private void steps(int count, double loss, double noiseScale) {
        for (int i = 0; i < count; i++) {
            now = now.plusSeconds(2);
            alerts.on(new Event.Step(new StepMetrics(++step, 0, 0.1, loss, 0.5, 1000, 2, 0, 0, noiseScale)), now);
        }
    }

    private List<Alert.Kind> kinds() {
        return raised.stream().map(Alert::kind).toList();
    }

    private void tickAfter(long seconds) {
        now = now.plus(Duration.ofSeconds(seconds));
        alerts.tick(now);
    }

    @Test
    void calmRun_raisesNothing() {
        for (int i = 0; i < 90; i++) {
            steps(1, 2.3 - 0.01 * i, 5000);
            alerts.tick(now);
        }
        tickAfter(19);
        assertThat(raised).isEmpty();
    }

    @Test
    void loss_thatIsNotFinite_isReportedOnce() {
        steps(1, Double.NaN, 5000);
        assertThat(kinds()).containsExactly(Alert.Kind.NOT_FINITE);
        alerts.on(
                new Event.Failed(
                        new LockstepException(LockstepException.Kind.DIVERGED, "diverged", "step = 1", "stop")),
                now);
        assertThat(kinds()).containsExactly(Alert.Kind.NOT_FINITE);
    }

    @Test
    void lossSpike_isReportedAgainOnlyAfterCalm() {
        steps(30, 2, 5000);
        steps(3, 9, 5000);
        assertThat(kinds()).containsExactly(Alert.Kind.LOSS_SPIKE);
        assertThat(raised.get(0).text()).isEqualTo("loss = 9 at step 31, the median of the last 30 steps is 2");
        steps(60, 2, 5000);
        steps(1, 9, 5000);
        assertThat(kinds()).containsExactly(Alert.Kind.LOSS_SPIKE, Alert.Kind.LOSS_SPIKE);
    }

    @Test
    void lossNearZero_mayJump() {
        steps(1, 2, 5000);
        steps(50, 0.002, 5000);
        steps(1, 0.05, 5000);
        assertThat(raised).isEmpty();
        steps(1, 0.2, 5000);
        assertThat(kinds()).containsExactly(Alert.Kind.LOSS_SPIKE);
    }

    @Test
    void stall_isTenTimesTheMedian_andEndsWithTheNextStep() {
        steps(30, 2, 5000);
        tickAfter(19);
        assertThat(raised).isEmpty();
        tickAfter(2);
        tickAfter(100);
        assertThat(kinds()).containsExactly(Alert.Kind.STALL);
        assertThat(raised.get(0).text()).startsWith("no step for 20 s, the median takes 2 s;");
        steps(1, 2, 5000);
        tickAfter(21);
        assertThat(raised).hasSize(2);
    }

    @Test
    void evaluation_atTheEndOfAnEpoch_isNoStall() {
        steps(100, 2, 5000);
        tickAfter(150);
        assertThat(raised).isEmpty();
    }

    @Test
    void run_thatHasEnded_doesNotStall() {
        steps(30, 2, 5000);
        alerts.on(new Event.Failed(new IllegalStateException("x")), now);
        tickAfter(1000);
        assertThat(raised).isEmpty();
    }

    @Test
    void processes_lostAndJoined_areEachReported() {
        alerts.on(new Event.Regrouped(7, 4, 3, "rank 1 was killed"), now);
        alerts.on(new Event.Regrouped(9, 3, 4, "a process joins"), now);
        assertThat(kinds()).containsExactly(Alert.Kind.PROCESS_LOST, Alert.Kind.PROCESS_JOINED);
        assertThat(raised.get(0).text()).isEqualTo("rank 1 was killed; processes = 3 (before: 4)");
    }

    @Test
    void processes_asManyAsBefore_areReportedAsALoss() {
        alerts.on(new Event.Regrouped(7, 3, 3, "the keeper of the group is gone"), now);
        assertThat(kinds()).containsExactly(Alert.Kind.PROCESS_LOST);
    }

    @Test
    void checkpoint_thatFails_isReportedUntilOneSucceeds() {
        alerts.on(new Event.CheckpointFailed(5, "No space left"), now);
        alerts.on(new Event.CheckpointFailed(6, "No space left"), now);
        alerts.on(new Event.CheckpointSaved(7, Path.of("gone")), now);
        alerts.on(new Event.CheckpointFailed(8, "No space left"), now);
        assertThat(kinds()).containsExactly(Alert.Kind.CHECKPOINT_FAILING, Alert.Kind.CHECKPOINT_FAILING);
    }

    @Test
    void disk_withLessThanTwoCheckpoints_isLow() {
        free.set(16_000);
        tickAfter(1);
        assertThat(raised).isEmpty();
        free.set(15_999);
        tickAfter(1);
        tickAfter(1);
        assertThat(kinds()).containsExactly(Alert.Kind.DISK_LOW);
    }

    @Test
    void noiseScale_farBelowTheMinibatch_namesASmallerK() {
        steps(49, 2, 320);
        assertThat(raised).isEmpty();
        steps(80, 2, 320);
        assertThat(kinds()).containsExactly(Alert.Kind.NOISE_SCALE);
        assertThat(raised.get(0).text())
                .isEqualTo("the gradient noise scale is about 320 images, the minibatch has 2,048; k could be 10 for"
                        + " about the same progress per epoch");
    }
}
