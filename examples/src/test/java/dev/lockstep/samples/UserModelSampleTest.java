package dev.lockstep.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.metrics.RunResult;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class UserModelSampleTest {
    @Test
    void networkAndDatasetOfAUser_train(@TempDir Path folder, @TempDir Path again) {
        RunResult result = UserModelSample.train(folder);
        assertThat(result.status()).isEqualTo(RunResult.Status.COMPLETED);
        assertThat(result.validationTop1Error()).isLessThan(0.1);
        Checkpoint last = Checkpoint.read(folder.resolve("checkpoints/step-00000036.safetensors"));
        assertThat(last.tensors())
                .containsKeys("conv1.bias", "bn2.weight", "bn3.running_var", "optimizer.momentum.hidden.weight");
        assertThat(last.tensors().get("bn3.running_mean").floats()).doesNotContain(0);
        // The layers draw their initial weights from libtorch's generator, which the recipe's seed has set.
        assertThat(UserModelSample.train(again).weightsSha256()).isEqualTo(result.weightsSha256());
    }
}
