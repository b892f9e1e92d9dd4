package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ReportFuzzTest {
    @TempDir
    private static Path folder;

    static Stream<Arguments> metrics() {
        String step = "{\"type\":\"step\",\"step\":1,\"epoch\":0,\"loss\":2.5}\n";
        String epoch = "{\"type\":\"epoch\",\"epoch\":0,\"step\":1,\"validation_top1_error\":0.5}\n";
        String bad =
                "{\"type\":\"bad-image\",\"step\":1,\"epoch\":0,\"set\":\"training\",\"index\":3,\"reason\":\"x\"}\n";
        return Stream.of(
                        step + epoch + bad,
                        step + epoch.replace("\n", ""),
                        step.replace(":1", ":-1") + epoch,
                        step.replace(":1", ":1e999999999"),
                        step.replace("2.5", "[".repeat(2000)),
                        step.replace("{", "\ufffd{") + step,
                        "\n\n\r\n",
                        "null\n",
                        "")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whatever the bytes, metrics are read or refused, and what a resumed run keeps is a start of the file that reads well. */
    @MethodSource("metrics")
    @FuzzTest(maxDuration = "60s")
    void anyBytes_areMetricsOrRefused(byte[] bytes) throws IOException {
        Path file = Files.write(folder.resolve("metrics.jsonl"), bytes);
        MetricsFile.Kept kept = MetricsFile.upTo(file, 10);
        assertThat(kept.bytes()).isBetween(0L, (long) bytes.length);
        try {
            MetricsFile.read(file);
        } catch (LockstepException e) {
            assertThat(e.kind()).isEqualTo(LockstepException.Kind.DATA);
        }
        try (var channel = Files.newByteChannel(file, java.nio.file.StandardOpenOption.WRITE)) {
            channel.truncate(kept.bytes());
        }
        MetricsFile.read(file);
    }

    static Stream<Arguments> results() {
        return Stream.of(
                        "{\"status\":\"completed\",\"steps\":3,\"weights_sha256\":\"00\"}",
                        "{\"status\":\"nonsense\"}",
                        "{\"date\":null,\"options\":[null],\"cores\":1}",
                        "{\"date\":\"today\",\"options\":[\"--data\",\"x\"],\"cores\":1}",
                        "null",
                        "[]",
                        "[".repeat(2000),
                        "")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whatever the bytes, a run's result and its machine are read, refused or left out. */
    @MethodSource("results")
    @FuzzTest(maxDuration = "60s")
    void anyBytes_areAResultOrRefused(byte[] bytes) throws IOException {
        Files.write(folder.resolve(RunResult.NAME), bytes);
        Files.write(folder.resolve(Environment.NAME), bytes);
        Environment.read(folder).ifPresent(found -> assertThat(found.date()).isNotNull());
        try {
            assertThat(RunResult.read(folder).toJson()).startsWith("{");
        } catch (LockstepException e) {
            assertThat(e.kind()).isEqualTo(LockstepException.Kind.DATA);
        }
    }
}
