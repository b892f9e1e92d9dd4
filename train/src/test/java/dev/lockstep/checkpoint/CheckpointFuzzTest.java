package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.RecipeFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class CheckpointFuzzTest {
    @TempDir
    private static Path folder;

    static Stream<Arguments> metadata() {
        return Stream.of(
                        "step=3\0epoch=0\0iteration=3\0recipe=name: a\0class_names=[\"a\",\"b\"]\0trainer={}",
                        "step=3\0class_names={\"a\":1}",
                        "step=3\0class_names=null",
                        "step=3\0class_names=",
                        "step=3\0class_names=" + "[".repeat(2000),
                        "step=-9223372036854775808\0recipe=" + "[".repeat(3000),
                        "step=x")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whatever the metadata of a checkpoint say, they and the recipe in them are read or refused. */
    @MethodSource("metadata")
    @FuzzTest(maxDuration = "60s")
    void anyMetadata_areReadOrRefused(byte[] bytes) throws IOException {
        Map<String, String> metadata = new TreeMap<>(Map.of("format_version", "lockstep-1"));
        for (String entry : new String(bytes, StandardCharsets.UTF_8).split("\0")) {
            String[] parts = entry.split("=", 2);
            metadata.put(parts[0], parts.length > 1 ? parts[1] : "");
        }
        Path file = folder.resolve("step-00000003.safetensors");
        Files.deleteIfExists(file);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            new Safetensors(metadata, Map.of()).write(out);
        }
        try {
            Checkpoint checkpoint = Checkpoint.read(file);
            checkpoint.requirePosition(7);
            RecipeFile.parse(checkpoint.recipe(), "recipe in " + file, Map.of());
        } catch (LockstepException e) {
            assertThat(e.kind()).isIn(LockstepException.Kind.CHECKPOINT, LockstepException.Kind.RECIPE);
        }
    }
}
