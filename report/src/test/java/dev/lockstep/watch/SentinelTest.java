package dev.lockstep.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.report.LiveFolder;
import dev.lockstep.report.RunView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SentinelTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Test
    void alerts_areHandedOnOnce_andALostRunIsReported() throws IOException {
        LiveFolder live = new LiveFolder(folder.resolve("one"), "one", 0.1, 58, 1);
        live.start(2);
        live.steps(30);
        live.alert("LOSS_SPIKE", "before the sentinel came");
        RunView run = RunView.open(live.folder(), "one");
        List<String> told = new ArrayList<>();
        Instant now = Instant.now().plusMillis(50);
        Sentinel sentinel =
                new Sentinel((name, alert) -> told.add(name + " " + alert.kind() + " " + alert.text()), now);
        sentinel.look(List.of(run), now);
        assertThat(told).isEmpty();
        await(now.plusMillis(2));
        live.alert("DISK_LOW", "1 GB free");
        run.refresh();
        sentinel.look(List.of(run), now);
        sentinel.look(List.of(run), now);
        assertThat(told).containsExactly("one DISK_LOW 1 GB free");
        sentinel.look(List.of(run), now.plusSeconds(20));
        assertThat(told).hasSize(1);
        sentinel.look(List.of(run), now.plusSeconds(100));
        sentinel.look(List.of(run), now.plusSeconds(101));
        assertThat(told).hasSize(2);
        assertThat(told.get(1)).startsWith("one STALL no sign of life");
    }

    /** Entries have the time of the wall clock. */
    private static void await(Instant time) {
        while (!Instant.now().isAfter(time)) {
            Thread.onSpinWait();
        }
    }
}
