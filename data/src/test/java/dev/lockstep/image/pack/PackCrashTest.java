package dev.lockstep.image.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.CrashTest;
import dev.lockstep.image.format.PhotographFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packing with a failure or a power failure at any change: a published set is complete, and the next attempt works. */
@Tag("slow")
final class PackCrashTest {
    private static final String OUT = "sets/shards";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temporary;

    private Path images;
    private Map<String, String> whole;
    private Packer packer;

    private interface Packer {
        void pack(Path folder, Path out);
    }

    @BeforeEach
    void writeImages() {
        images = PhotographFolders.write(temporary.resolve("images"), List.of("ant", "bee"), 2, 1);
    }

    private void packOnce(String kind) throws IOException {
        packer = kind.equals("tar") ? new ShardPacker(0, 95, 2, false)::pack : new RawPacker(16, 2, false)::pack;
        packer.pack(images, temporary.resolve(OUT));
        whole = contents(temporary.resolve(OUT));
        assertThat(whole)
                .containsOnlyKeys(
                        "classes.txt",
                        "shards.txt",
                        "train-000000." + kind,
                        "train-000001." + kind,
                        "val-000000." + kind);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tar", "raw"})
    void pack_powerFailsAtAnyChange_keepsAcknowledgedSetsAndLeavesNoPartialSet(String kind) throws IOException {
        packOnce(kind);
        int changes = new CrashTest(temporary).losePower(this::pack, this::requireWholeOrPackAgain);
        assertThat(changes).isGreaterThan(15);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tar", "raw"})
    void pack_anyChangeIsRejected_leavesNothing(String kind) throws IOException {
        packOnce(kind);
        new CrashTest(temporary).refuse(this::pack, this::requireWholeOrPackAgain);
    }

    private void pack(Path folder, CrashTest.Acknowledged acknowledged) {
        packer.pack(images, folder.resolve(OUT));
        acknowledged.set(1);
    }

    private void requireWholeOrPackAgain(Path folder, long acknowledged) throws IOException {
        Path out = folder.resolve(OUT);
        if (acknowledged == 1) {
            assertThat(contents(out)).isEqualTo(whole);
        }
        try {
            packer.pack(images, out);
        } catch (LockstepException e) {
            assertThat(e).hasMessageStartingWith("folder for the shards is not empty");
        }
        // The lock file of a dead process has no effect.
        Map<String, String> found = contents(out);
        found.remove(".lock");
        assertThat(found).isEqualTo(whole);
        requireNoRemains(out);
    }

    /** A folder created just before the crash is empty and has no lock yet. */
    private static void requireNoRemains(Path out) throws IOException {
        try (Stream<Path> files = Files.walk(out.resolveSibling(""))) {
            assertThat(files.filter(Files::isRegularFile)).allMatch(file -> file.startsWith(out));
        }
    }

    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                contents.put(
                        file.getFileName().toString(),
                        Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }
}
