package dev.lockstep.evidence.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunFolderTest {
    private static final String WEIGHTS = "ab".repeat(32);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private RunFolder run(String name, int step, String header, float... values) throws IOException {
        RunFolder run = new RunFolder(folder.resolve(name));
        Files.createDirectories(run.checkpoint(step).getParent());
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Long.BYTES + text.length + values.length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length).put(text);
        for (float value : values) {
            file.putFloat(value);
        }
        Files.write(run.checkpoint(step), file.array());
        Files.writeString(run.path().resolve("result.json"), "{\"weights_sha256\": \"" + WEIGHTS + "\"}");
        return run;
    }

    @Test
    void emptyFolder_isAtNoStep() {
        RunFolder run = new RunFolder(folder.resolve("none"));
        assertThat(run.newest()).isZero();
        assertThat(run.writing()).isFalse();
        assertThat(run.weights()).isEmpty();
        assertThat(run.sameAs(run)).isFalse();
    }

    @Test
    void newestCheckpoint_isTheOneOfTheLargestStep() throws IOException {
        RunFolder run = run("run", 9, "{}", 1);
        run("run", 12, "{}", 1);
        Files.createFile(run.path().resolve("checkpoints/step-00000013.safetensors.tmp"));
        assertThat(run.newest()).isEqualTo(12);
        assertThat(run.writing()).isTrue();
    }

    @Test
    void runs_areComparedByTensorsAndNotByTheirHeaders() throws IOException {
        RunFolder run = run("a", 3, "{\"one\": 1}", 1, 2);
        assertThat(run.sameAs(run("b", 3, "{\"another\": 22}", 1, 2))).isTrue();
        assertThat(run.sameAs(run("c", 3, "{\"one\": 1}", 1, 3))).isFalse();
    }

    @Test
    void distance_isRelativeAndLeavesMomentumOut() throws IOException {
        String header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"optimizer.w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
        Path a = run("a", 1, header, 3, 4, 7).checkpoint(1);
        Path b = run("b", 1, header, 3, 5, 9).checkpoint(1);
        assertThat(Distance.between(b, a)).isEqualTo(0.2);
    }
}
