package dev.lockstep.image.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.files.CrashTest;
import dev.lockstep.image.format.ContentDigest;
import dev.lockstep.image.format.IdxFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A fetch with a failure or a power failure at any change: the cache holds only complete datasets, and the next fetch
 * works.
 */
@Tag("slow")
final class FetchCrashTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temporary;

    private FileSet files;

    @BeforeEach
    void describe() throws IOException {
        Path model = Files.createDirectory(temporary.resolve("model"));
        write(model);
        files = new FileSet(
                "tiny",
                "tiny-archive",
                List.of(
                        new DataFile("first", ContentDigest.of(model.resolve("first"))),
                        new DataFile("deep/second", ContentDigest.of(model.resolve("deep/second.gz")))));
    }

    @Test
    void fetch_powerFailsAtAnyChange_keepsAcknowledgedFilesAndLeavesNoPartialDataset() throws IOException {
        int changes = new CrashTest(temporary).losePower(this::fetch, this::requireWholeOrFetchAgain);
        assertThat(changes).isGreaterThan(15);
    }

    /** An old folder in the cache, left by another version, lacks a file. */
    @Test
    void fetch_replacingAnIncompleteFolder_powerFailsAtAnyChange_losesNothing() throws IOException {
        Path before = temporary.resolve("before");
        Files.createDirectories(before.resolve("user/cache/tiny/deep"));
        IdxFiles.write(before, "user/cache/tiny/first", new byte[] {9});
        new CrashTest(temporary).losePower(1, before, this::fetch, this::requireWholeOrFetchAgain);
    }

    @Test
    void fetch_anyChangeIsRejected_leavesNoPartialDataset() throws IOException {
        new CrashTest(temporary).refuse(this::fetch, this::requireWholeOrFetchAgain);
    }

    private void fetch(Path folder, CrashTest.Acknowledged acknowledged) {
        fetcher(folder, new Source()).locate(Optional.empty());
        acknowledged.set(1);
    }

    private void requireWholeOrFetchAgain(Path folder, long acknowledged) {
        if (acknowledged == 1) {
            fetcher(folder).locateVerified(Optional.empty());
        }
        Path found = fetcher(folder, new Source()).locateVerified(Optional.empty());
        assertThat(found).isEqualTo(folder.resolve("user/cache/tiny"));
    }

    private DatasetFetcher fetcher(Path folder, FileSource... sources) {
        return new DatasetFetcher(files, List.of(), () -> folder.resolve("user/cache"), List.of(sources));
    }

    private static void write(Path folder) throws IOException {
        Files.createDirectory(folder.resolve("deep"));
        Files.write(folder.resolve("first"), new byte[] {1, 2, 3});
        Files.write(folder.resolve("deep/second.gz"), IdxFiles.gzip(new byte[] {4, 5}));
    }

    private static final class Source implements FileSource {
        @Override
        public String describe() {
            return "test source";
        }

        @Override
        public Path fetch(Path work) throws IOException {
            Path folder = Files.createDirectory(work.resolve("unpacked"));
            write(folder);
            return folder;
        }
    }
}
