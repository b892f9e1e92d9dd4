package dev.lockstep.image.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.format.ContentDigest;
import dev.lockstep.image.format.IdxFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DatasetFetcherTest {
    @TempDir
    Path temp;

    private Path user;
    private Path system;
    private Path cache;
    private FileSet files;

    @BeforeEach
    void makeFolders() throws IOException {
        user = Files.createDirectory(temp.resolve("user"));
        system = Files.createDirectory(temp.resolve("system"));
        cache = temp.resolve("cache");
        Path model = Files.createDirectory(temp.resolve("model"));
        write(model);
        files = new FileSet("tiny", "tiny-archive", List.of(file(model, "first"), file(model, "second")));
    }

    @Test
    void locate_userFolder_comesFirst() {
        write(user);
        write(system);
        assertThat(fetcher().locate(Optional.of(user))).isEqualTo(user);
        assertThat(fetcher().locate(Optional.empty())).isEqualTo(system);
    }

    @Test
    void locate_subfolderOfDatasetOrArchive_isFound() throws IOException {
        Path archive = Files.createDirectory(user.resolve("tiny-archive"));
        write(archive);
        assertThat(fetcher().locate(Optional.of(user))).isEqualTo(archive);
        Path named = Files.createDirectory(user.resolve("tiny"));
        write(named);
        assertThat(fetcher().locate(Optional.of(user))).isEqualTo(named);
    }

    @Test
    void locate_userFolderWithoutFiles_namesThemAndLooksNowhereElse() {
        write(system);
        IdxFiles.write(user, "first", new byte[] {1});
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> fetcher(source(this::write)).locate(Optional.of(user)))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("dataset = tiny, folder = " + user + ", missing = second");
    }

    @Test
    void locate_nowhere_fetchesIntoTheCacheOnce() {
        AtomicInteger fetched = new AtomicInteger();
        FileSource source = source(folder -> {
            fetched.incrementAndGet();
            write(folder);
        });
        assertThat(fetcher(source).locate(Optional.empty())).isEqualTo(cache.resolve("tiny"));
        assertThat(fetcher(source).locateVerified(Optional.empty())).isEqualTo(cache.resolve("tiny"));
        assertThat(fetched).hasValue(1);
        assertThat(leftovers()).containsExactlyInAnyOrder("tiny", "tiny.lock");
    }

    /** A killed fetch leaves its folder, which the next fetch of the same dataset removes. */
    @Test
    void fetch_afterAKilledFetch_removesItsLeftovers() throws IOException {
        Files.createDirectories(cache.resolve(".fetch-tiny-123/unpacked"));
        IdxFiles.write(cache.resolve(".fetch-tiny-123"), "part", new byte[5]);
        Files.createDirectories(cache.resolve(".fetch-other-123"));
        fetcher(source(this::write)).locate(Optional.empty());
        assertThat(leftovers()).containsExactlyInAnyOrder("tiny", "tiny.lock", ".fetch-other-123");
    }

    @Test
    void fetch_lockThatIsALink_isNotFollowed() throws IOException {
        Files.createDirectories(cache);
        Files.createSymbolicLink(cache.resolve("tiny.lock"), temp.resolve("elsewhere"));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> fetcher(source(this::write)).locate(Optional.empty()))
                .withMessageContaining("symbolic links");
        assertThat(temp.resolve("elsewhere")).doesNotExist();
    }

    @Test
    void locate_severalThreads_fetchOnce() {
        AtomicInteger fetched = new AtomicInteger();
        DatasetFetcher fetcher = fetcher(source(folder -> {
            fetched.incrementAndGet();
            write(folder);
        }));
        IntStream.range(0, 8).parallel().forEach(i -> fetcher.locate(Optional.empty()));
        assertThat(fetched).hasValue(1);
    }

    @Test
    void fetch_sourceFails_takesTheNext() {
        FileSource broken = source(folder -> {
            throw new IOException("no network");
        });
        assertThat(fetcher(broken, source(this::write)).locate(Optional.empty()))
                .isEqualTo(cache.resolve("tiny"));
    }

    @Test
    void fetch_wrongContents_neverEntersTheCache() {
        FileSource tampered = source(folder -> {
            write(folder);
            IdxFiles.write(folder, "second", new byte[] {9});
        });
        FileSource incomplete = source(folder -> IdxFiles.write(folder, "first", new byte[] {1, 2, 3}));
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> fetcher(tampered, incomplete).locate(Optional.empty()))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("cannot fetch the dataset")
                .withMessageContaining("checksum mismatch")
                .withMessageContaining("missing = second");
        assertThat(leftovers()).containsExactly("tiny.lock");
    }

    @Test
    void locate_cacheCannotBeMade_saysWhere() throws IOException {
        Files.createFile(cache);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> fetcher(source(this::write)).locate(Optional.empty()))
                .withMessageContaining("folder = " + cache)
                .withMessageContaining("LOCKSTEP_CACHE");
    }

    @Test
    void locateVerified_changedFile_namesFileAndBothChecksums() {
        write(user);
        IdxFiles.write(user, "first", new byte[] {1, 2, 4});
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> fetcher().locateVerified(Optional.of(user)))
                .withMessageContaining("checksum mismatch")
                .withMessageContaining(user.resolve("first").toString())
                .withMessageContaining(files.files().get(0).sha256());
    }

    private DatasetFetcher fetcher(FileSource... sources) {
        return new DatasetFetcher(files, List.of(system), () -> cache, List.of(sources));
    }

    private interface Filler {
        void fill(Path folder) throws IOException;
    }

    private static FileSource source(Filler filler) {
        return new FileSource() {
            @Override
            public String describe() {
                return "test source";
            }

            @Override
            public Path fetch(Path work) throws IOException {
                Path folder = Files.createDirectory(work.resolve("unpacked"));
                filler.fill(folder);
                return folder;
            }
        };
    }

    /** One file plain, one compressed. */
    private void write(Path folder) {
        IdxFiles.write(folder, "first", new byte[] {1, 2, 3});
        IdxFiles.write(folder, "second.gz", IdxFiles.gzip(new byte[] {4, 5}));
    }

    private static DataFile file(Path folder, String name) {
        return new DataFile(
                name, ContentDigest.of(new DataFile(name, "").in(folder).orElseThrow()));
    }

    private List<String> leftovers() {
        try (Stream<Path> paths = Files.list(cache)) {
            return paths.map(path -> path.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
