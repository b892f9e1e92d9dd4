package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PickleReaderFuzzTest {
    @TempDir
    private static Path folder;

    private static byte[] pickle(String name) throws IOException {
        Path file = folder.resolve(name);
        try (InputStream in = PickleReaderFuzzTest.class.getResourceAsStream(name)) {
            Files.write(file, in.readAllBytes());
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry entry = zip.stream()
                    .filter(e -> e.getName().endsWith("/data.pkl"))
                    .findFirst()
                    .orElseThrow();
            return zip.getInputStream(entry).readAllBytes();
        }
    }

    /** Valid pickles, and pickles with a few bytes changed. */
    static Stream<Arguments> seeds() throws IOException {
        byte[] stateDict = pickle("state-dict.pt");
        byte[] checkpoint = pickle("training-checkpoint.pt");
        Random random = new Random(1);
        Stream<byte[]> changed = IntStream.range(0, 100).mapToObj(i -> {
            byte[] bytes = (i % 2 == 0 ? stateDict : checkpoint).clone();
            for (int j = 0; j <= i % 4; j++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            return bytes;
        });
        return Stream.concat(Stream.of(stateDict, checkpoint), changed).map(bytes -> Arguments.of((Object) bytes));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "60s")
    void anyBytes_areReadOrRefused(byte[] bytes) {
        try {
            SavedObject.stateDict(PickleReader.read(new ByteArrayInputStream(bytes)))
                    .forEach((name, view) -> assertThat(view.storage().key()).isNotNull());
        } catch (IOException e) {
            // Truncated or rejected: callers turn this into a message.
        }
    }
}
