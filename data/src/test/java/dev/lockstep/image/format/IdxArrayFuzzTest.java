package dev.lockstep.image.format;

import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class IdxArrayFuzzTest {
    static Stream<Arguments> seeds() {
        byte[] whole = IdxFiles.images(3);
        return Stream.of(
                arguments(whole),
                arguments(Arrays.copyOf(whole, 17)),
                arguments(Arrays.copyOf(whole, 10)),
                arguments(IdxFiles.labels(1, 2)),
                arguments(IdxFiles.array(new int[] {1 << 20, 1 << 5, 1 << 5}, new byte[4])),
                arguments(IdxFiles.array(new int[] {-1, -1, 1}, new byte[1])),
                arguments(IdxFiles.gzip(whole)),
                arguments(new byte[0]));
    }

    /** Any bytes are either read or rejected with a LockstepException, with memory in proportion. */
    @MethodSource("seeds")
    @FuzzTest(maxDuration = "60s")
    void read_anyBytes(byte[] bytes) throws IOException {
        try {
            IdxArray array = IdxArray.read(new ByteArrayInputStream(bytes), "some.idx", 3);
            if (array.values().length != bytes.length - 16) {
                throw new IllegalStateException("values = " + array.values().length);
            }
        } catch (LockstepException expected) {
            if (expected.kind() != LockstepException.Kind.DATA) {
                throw expected;
            }
        }
    }
}
