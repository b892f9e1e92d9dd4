package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsLayoutTest {
    @TempDir
    Path folder;

    private Path foreign(String header, int dataBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text);
        for (int i = 0; i < dataBytes; i++) {
            bytes.put((byte) i);
        }
        return Files.write(folder.resolve("foreign.safetensors"), bytes.array());
    }

    private Path written() throws IOException {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("odd", HostTensor.of(new float[] {1, 2, 3}, 3));
        tensors.put("count", HostTensor.ofLong(9));
        tensors.put("matrix", HostTensor.of(new float[] {4, 5}, 2, 1));
        Path file = folder.resolve("own.safetensors");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            new Safetensors(Map.of("text", "a \"quoted\"\nline", "z", "\u00fc"), tensors).write(out);
        }
        return file;
    }

    @Test
    void writtenFile_isReadUnchanged() throws IOException {
        Safetensors read = Safetensors.read(written());
        assertThat(read.metadata()).isEqualTo(Map.of("text", "a \"quoted\"\nline", "z", "\u00fc"));
        assertThat(read.tensors().keySet()).containsExactly("odd", "count", "matrix");
        assertThat(read.tensors().get("odd").floats()).containsExactly(1, 2, 3);
        assertThat(read.tensors().get("matrix").floats()).containsExactly(4, 5);
        assertThat(read.tensors().get("count").data().getLong(0)).isEqualTo(9);
    }

    @Test
    void writtenFile_alignsEveryTensorToItsElements() throws IOException {
        byte[] bytes = Files.readAllBytes(written());
        long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        String text = new String(bytes, 8, (int) header, StandardCharsets.UTF_8);
        assertThat(header % 8).isZero();
        assertThat(text)
                .contains("\"odd\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[8,20]}")
                .contains("\"count\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}");
    }

    @Test
    void foreignFile_inAnyOrderOfItsHeader_isRead() throws IOException {
        Path file = foreign(
                "{\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]},"
                        + "\"a\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]},\"__metadata__\":{\"format\":\"pt\"}}  ",
                8);
        Safetensors read = Safetensors.read(file);
        assertThat(read.tensors().keySet()).containsExactly("b", "a");
        assertThat(read.tensors().get("a").data().getLong(0)).isEqualTo(0x03020100);
        assertThat(read.tensors().get("b").floats())
                .containsExactly(Float.intBitsToFloat(0x05040000), Float.intBitsToFloat(0x07060000));
    }

    @Test
    void foreignFile_withUnusedBytes_isRefused() throws IOException {
        for (String offsets : List.of("[0,4]", "[4,8]")) {
            Path file = foreign("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + offsets + "}}", 8);
            assertThatThrownBy(() -> Safetensors.read(file)).isInstanceOf(LockstepException.class);
        }
    }

    @Test
    void foreignFile_namingATensorTwice_isRefused() throws IOException {
        String entry = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
        Path file = foreign("{" + entry + "," + entry + "}", 8);
        assertThatThrownBy(() -> Safetensors.read(file))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("Duplicate field 'a'");
    }
}
