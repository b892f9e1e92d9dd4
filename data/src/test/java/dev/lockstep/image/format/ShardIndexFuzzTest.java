package dev.lockstep.image.format;

import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ShardIndexFuzzTest {
    static Stream<Arguments> seeds() {
        byte[] shard = new TarFiles()
                .add("a/" + "x".repeat(200) + ".jpg", new byte[700])
                .add("a/" + "x".repeat(200) + ".cls", "1")
                .add("b.png", new byte[20])
                .add("b.cls", "0")
                .bytes();
        byte[] hugeSize = shard.clone();
        Arrays.fill(hugeSize, 124, 135, (byte) '7');
        byte[] binarySize = shard.clone();
        Arrays.fill(binarySize, 124, 136, (byte) 0xFF);
        return Stream.of(
                arguments(shard),
                arguments(hugeSize),
                arguments(binarySize),
                arguments(Arrays.copyOf(shard, shard.length / 2)),
                arguments(Arrays.copyOf(shard, 100)),
                arguments(new byte[1024]),
                arguments(new byte[0]));
    }

    /** Any bytes are either indexed or rejected with a LockstepException. */
    @MethodSource("seeds")
    @FuzzTest(maxDuration = "60s")
    void read_anyBytes(byte[] bytes) {
        try {
            for (ShardIndex.Sample sample : ShardIndex.read(new SeekableInMemoryByteChannel(bytes), "some.tar")) {
                if (sample.offset() + sample.size() > bytes.length || sample.label() < 0) {
                    throw new IllegalStateException(sample.toString());
                }
            }
        } catch (LockstepException expected) {
            if (expected.kind() != LockstepException.Kind.DATA) {
                throw expected;
            }
        }
    }
}
