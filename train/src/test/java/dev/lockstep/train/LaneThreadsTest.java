package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.torch.Device;
import dev.lockstep.torch.TorchRuntime;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

final class LaneThreadsTest {
    /** The bits of a worker depend on its number of threads; the checkpoint's thread sets its own while lanes start. */
    @Test
    void lane_keepsItsNumberOfThreads_whateverAnotherThreadSetsBeforeItComputes() throws InterruptedException {
        TorchRuntime.load();
        int[] threads = new int[1];
        try (LaneThreads lanes = new LaneThreads(Device.cpu(), 1, 2)) {
            lanes.runAll(1, lane -> {});
            Thread other = new Thread(() -> TorchRuntime.setThreads(1));
            other.start();
            other.join();
            lanes.runAll(1, lane -> threads[0] = torch.get_num_threads());
        }
        assertThat(threads[0]).isEqualTo(2);
    }
}
