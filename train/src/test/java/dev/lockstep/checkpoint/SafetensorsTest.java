package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
    @TempDir
    private static Path folder;

    private static Safetensors sample() {
        return new Safetensors(
                Map.of("step", "12", "text", "line one\nline \"two\" – ü"),
                Map.of(
                        "a.weight", HostTensor.of(new float[] {1, -2.5f, Float.NaN, 0, 3e-39f, 6}, 2, 3),
                        "b", HostTensor.ofLong(-7),
                        "empty", HostTensor.of(new float[0], 0, 4)));
    }

    private static byte[] bytes(Safetensors contents) throws IOException {
        Path file = Files.createTempFile("sample", ".safetensors");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
            contents.write(out);
        }
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return bytes;
    }

    private static Safetensors read(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("sample", ".safetensors");
        try {
            return Safetensors.readOwn(Files.write(file, bytes));
        } finally {
            Files.delete(file);
        }
    }

    private static Safetensors readForeign(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("sample", ".safetensors");
        try {
            return Safetensors.read(Files.write(file, bytes));
        } finally {
            Files.delete(file);
        }
    }

    private static void assertEqual(Safetensors a, Safetensors b) {
        assertThat(a.metadata()).isEqualTo(b.metadata());
        assertThat(a.tensors().keySet()).isEqualTo(b.tensors().keySet());
        a.tensors().forEach((name, tensor) -> {
            HostTensor other = b.tensors().get(name);
            assertThat(tensor.type()).isEqualTo(other.type());
            assertThat(tensor.shape()).isEqualTo(other.shape());
            assertThat(tensor.data()).isEqualTo(other.data());
        });
    }

    /** The metadata key {@code checksum} is reserved. */
    private static Safetensors withoutChecksum(Safetensors contents) {
        SortedMap<String, String> metadata = new TreeMap<>(contents.metadata());
        metadata.remove("checksum");
        return new Safetensors(metadata, contents.tensors());
    }

    @Test
    void file_writtenAndRead_isTheSame() throws IOException {
        assertEqual(read(bytes(sample())), sample());
    }

    @Test
    void file_followsTheFormat() throws IOException {
        ByteBuffer file = ByteBuffer.wrap(bytes(sample())).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) file.getLong();
        assertThat(length % 8).as("tensors are aligned, the widest first").isZero();
        String header = StandardCharsets.UTF_8.decode(file.slice(8, length)).toString();
        assertThat(header)
                .startsWith("{\"__metadata__\":{")
                .contains("\"a.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]}")
                .contains("\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}");
        assertThat(file.getLong(8 + length)).isEqualTo(-7);
        assertThat(file.getFloat(8 + length + 8 + 4)).isEqualTo(-2.5f);
        assertThat(file.capacity()).isEqualTo(8 + length + 32);
    }

    @Provide
    Arbitrary<Safetensors> contents() {
        Arbitrary<HostTensor> tensors = Arbitraries.integers()
                .between(0, 5)
                .array(int[].class)
                .ofMaxSize(3)
                .map(shape -> {
                    long[] sides = Arrays.stream(shape).asLongStream().toArray();
                    float[] values = new float[(int) HostTensor.elements(sides)];
                    Random random = new Random(values.length);
                    for (int i = 0; i < values.length; i++) {
                        values[i] = Float.intBitsToFloat(random.nextInt());
                    }
                    return HostTensor.of(values, sides);
                });
        Arbitrary<String> names = Arbitraries.strings().ofMaxLength(8).filter(name -> !name.equals("__metadata__"));
        return Arbitraries.maps(names, tensors)
                .ofMaxSize(5)
                .flatMap(map -> Arbitraries.maps(names, Arbitraries.strings().ofMaxLength(20))
                        .ofMaxSize(3)
                        .map(metadata -> new Safetensors(metadata, map)));
    }

    @Property(tries = 60, edgeCases = EdgeCasesMode.NONE)
    void anyContents_writtenAndRead_areTheSame(@ForAll("contents") Safetensors contents) throws IOException {
        assertEqual(read(bytes(contents)), withoutChecksum(contents));
    }

    @Test
    void everyFlippedBit_isDetected() throws IOException {
        byte[] good = bytes(sample());
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= (byte) (1 << at % 8);
            assertThatThrownBy(() -> read(bad))
                    .as("byte %d", at)
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.kind()).isEqualTo(LockstepException.Kind.CHECKPOINT));
        }
    }

    @Test
    void everyTruncation_isDetected() throws IOException {
        byte[] good = bytes(sample());
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> read(cut))
                    .as("length %d", length)
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("damaged safetensors file");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // {"a":…} is followed by 8 bytes of data.
                "{'a':{'dtype':'F32','shape':{'x':2},'data_offsets':[0,8]}} | malformed shape or offset",
                "{'a':{'dtype':'F32','shape':'2','data_offsets':[0,8]}} | malformed shape or offset",
                "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} | malformed shape or offset",
                "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | malformed shape or offset",
                "{'a':{'dtype':'F32','shape':[18446744073709551618],'data_offsets':[0,8]}} | malformed shape or offset",
                "{'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,8]}} | has shape",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}} | has shape = [2] at offsets = [0, 4]",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,8]}} | has shape = [2]",
                "{'a':{'dtype':'F32','shape':[2]}} | malformed shape or offset",
                "{'a':{'dtype':'F8','shape':[2],'data_offsets':[0,8]}} | has dtype = F8",
                "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}} | does not fit in the file",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | does not fit in the file",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | 4 surplus bytes",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | does not fit in the file",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} x | not JSON",
                "[1] | not a JSON object",
                "{'a':7} | dtype",
                "{'a' | not JSON",
            })
    void malformedHeader_isNamed(String header, String reason) throws IOException {
        assertThatThrownBy(() -> readForeign(withHeader(header.replace('\'', '"'))))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContaining(reason);
    }

    @Test
    void foreignFile_withoutChecksum_isRead() throws IOException {
        byte[] file = withHeader("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}");
        assertThat(readForeign(file).tensors().get("a").floats()).containsExactly(1, 2);
        assertThatThrownBy(() -> read(file)).hasMessageContaining("it has no checksum");
    }

    @Test
    void missingFile_isNamed() {
        assertThatThrownBy(() -> Safetensors.read(folder.resolve("none.safetensors")))
                .isInstanceOf(LockstepException.class)
                .hasMessageContainingAll("no such file", "none.safetensors");
    }

    private static byte[] withHeader(String header) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + 8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .putFloat(1)
                .putFloat(2)
                .array();
    }

    /** A good file, and files with a few bytes changed. */
    static Stream<Arguments> seeds() throws IOException {
        byte[] good = bytes(sample());
        Random random = new Random(1);
        return Stream.concat(
                Stream.of(Arguments.of((Object) good)), IntStream.range(0, 40).mapToObj(i -> {
                    byte[] changed = good.clone();
                    for (int j = 0; j <= i % 3; j++) {
                        changed[random.nextInt(changed.length)] = (byte) random.nextInt();
                    }
                    return Arguments.of((Object) changed);
                }));
    }

    /** Any bytes are either read to contents that can be written again, or rejected with a LockstepException. */
    @MethodSource("seeds")
    @FuzzTest(maxDuration = "60s")
    void reading_anyBytes_neverCrashes(byte[] bytes) throws IOException {
        try {
            Safetensors contents = readForeign(bytes);
            assertEqual(read(bytes(contents)), withoutChecksum(contents));
        } catch (LockstepException e) {
            assertThat(e.kind()).isEqualTo(LockstepException.Kind.CHECKPOINT);
        }
    }
}
