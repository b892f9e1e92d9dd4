package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.command.TinyStudy;
import dev.lockstep.launch.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real training leaves its page, whether it comes to its end or diverges. */
final class TrainPageIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private int train(String... more) throws IOException, InterruptedException {
        TinyStudy.write(folder);
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                folder.resolve("tiny.yaml").toString(),
                "--out",
                folder.resolve("run").toString()));
        arguments.addAll(List.of(more));
        Process process = ChildJvm.of(Main.class.getName(), arguments)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        return process.exitValue();
    }

    private String page() throws IOException {
        return Files.readString(folder.resolve("run/report.html"));
    }

    @Test
    void train_toTheEnd_leavesAPageOfItsCurves() throws Exception {
        assertThat(train()).as(Files.readString(folder.resolve("log"))).isZero();
        assertThat(page())
                .contains("id=\"error\"", "id=\"loss\"", "weights_sha256 = ")
                .doesNotContain("has not ended");
    }

    @Test
    void train_thatDiverges_leavesAPageThatSaysSo() throws Exception {
        assertThat(train("--set", "learning-rate.reference=1e6"))
                .as(Files.readString(folder.resolve("log")))
                .isEqualTo(5);
        assertThat(page()).containsPattern("run diverged after step [0-9]+\\.");
    }
}
