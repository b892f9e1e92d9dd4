package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnpackingTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Path cache;
    private List<PackedLibrary> libraries;
    private Path engine;

    @BeforeEach
    void makeJar() throws IOException {
        cache = Files.createDirectory(folder.resolve("cache"));
        libraries = FakeLibraries.in(folder);
        engine = libraries.get(0).in(cache);
    }

    @Test
    void complete_emptyFolder_unpacksTheLibrariesWhereJavaCppLooks() throws IOException {
        complete();
        assertThat(names())
                .containsExactly(
                        FakeLibraries.JAR + "/" + FakeLibraries.FOLDER + "libengine.so",
                        FakeLibraries.JAR + "/" + FakeLibraries.FOLDER + "libfuel.so.1",
                        "unpack.lock");
        assertWhole();
        assertThat(FolderTrust.describe(engine.getParent())).endsWith(" rwx------");
    }

    @Test
    void complete_allLibrariesPresent_writesNothing() throws IOException {
        complete();
        Files.delete(cache.resolve("unpack.lock"));
        complete();
        assertThat(cache.resolve("unpack.lock")).doesNotExist();
    }

    @Test
    void complete_truncatedFile_unpacksItAgain() throws IOException {
        complete();
        try (RandomAccessFile file = new RandomAccessFile(engine.toFile(), "rw")) {
            file.setLength(1000);
        }
        // As left by a crash of the machine.
        Files.setLastModifiedTime(
                engine, FileTime.fromMillis(libraries.get(0).entry().getTime()));
        complete();
        assertWhole();
    }

    @Test
    void complete_changedByte_unpacksItAgain() throws IOException {
        complete();
        try (RandomAccessFile file = new RandomAccessFile(engine.toFile(), "rw")) {
            file.write(file.read() + 1);
        }
        complete();
        assertWhole();
    }

    @Test
    void complete_linkInPlaceOfAFile_unpacksItAgain() throws IOException {
        complete();
        Path elsewhere = Files.move(engine, folder.resolve("elsewhere"));
        Files.createSymbolicLink(engine, elsewhere);
        complete();
        assertThat(engine).isRegularFile().matches(file -> !Files.isSymbolicLink(file));
        assertWhole();
    }

    @Test
    void complete_otherTimeZone_keepsTheFile() throws IOException {
        complete();
        Object before = Files.readAttributes(engine, BasicFileAttributes.class).fileKey();
        Files.setLastModifiedTime(
                engine, FileTime.fromMillis(libraries.get(0).entry().getTime() + 3_600_000));
        complete();
        assertThat(Files.readAttributes(engine, BasicFileAttributes.class).fileKey())
                .isEqualTo(before);
        assertWhole();
    }

    @Test
    void complete_leftoverOfADeadProcess_removesIt() throws IOException {
        Files.createDirectories(engine.getParent());
        Path part = Files.write(engine.resolveSibling(".unpacking-123"), new byte[10]);
        complete();
        assertThat(part).doesNotExist();
        assertWhole();
    }

    @Test
    void complete_writingFails_leavesNoPartialLibrary() throws IOException {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> writing((in, file) -> {
                            Files.write(file, in.readNBytes(1000));
                            assertThat(engine).doesNotExist();
                            throw new IOException("pulled plug");
                        })
                        .complete(libraries))
                .withMessageContaining("pulled plug")
                .withMessageContaining("folder = " + cache);
        assertThat(names()).containsExactly("unpack.lock");
    }

    @Test
    void complete_diskFull_saysWhatIsNeededInOneLine() throws IOException {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> writing((in, file) -> {
                            Files.write(file, in.readNBytes(1000));
                            throw new IOException("No space left on device");
                        })
                        .complete(libraries))
                .matches(e -> e.kind() == LockstepException.Kind.RECIPE)
                .withMessageStartingWith("no space left to unpack the native libraries, needed = 0 MiB, free = ")
                .withMessageContaining("folder = " + cache)
                .withMessageContaining("LOCKSTEP_CACHE");
        complete();
        assertWhole();
    }

    @Test
    void complete_damagedJar_namesIt() throws IOException {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> writing((in, file) -> Files.write(file, new byte[FakeLibraries.SIZE]))
                        .complete(libraries))
                .withMessageContaining("jar = " + folder.resolve(FakeLibraries.JAR));
        assertThat(engine).doesNotExist();
    }

    @Test
    void complete_whileAnotherUnpacks_givesUpAndSaysSo() throws IOException {
        try (FileChannel channel = FileChannel.open(
                        cache.resolve("unpack.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThatExceptionOfType(LockstepException.class)
                    .isThrownBy(() -> new Unpacking(cache, Duration.ZERO, Unpacking::copy).complete(libraries))
                    .withMessageContaining("another process")
                    .withMessageContaining("folder = " + cache);
        }
        assertThat(engine).doesNotExist();
    }

    @Test
    void complete_severalAtOnce_oneUnpacks() throws IOException {
        List<Path> written = new java.util.concurrent.CopyOnWriteArrayList<>();
        Unpacking unpacking = writing((in, file) -> {
            written.add(file);
            Unpacking.copy(in, file);
        });
        Stream.generate(() -> CompletableFuture.runAsync(() -> unpacking.complete(libraries)))
                .limit(3)
                .toList()
                .forEach(CompletableFuture::join);
        assertThat(written).hasSize(2);
        assertWhole();
    }

    @Test
    void find_openBlas_copiesItUnderTheNameThatJavaCppLoads() throws IOException {
        Path jar = folder.resolve("openblas.jar");
        try (var out = new java.util.jar.JarOutputStream(Files.newOutputStream(jar))) {
            FakeLibraries.put(out, "org/bytedeco/openblas/any/", new byte[0]);
            FakeLibraries.put(out, "org/bytedeco/openblas/any/libopenblas.so.0", new byte[10]);
        }
        assertThat(FakeLibraries.find(jar, "openblas", "any"))
                .extracting(PackedLibrary::name)
                .containsExactly("libopenblas.so.0", "libopenblas_nolapack.so.0");
        assertThat(FakeLibraries.find(jar, "openblas", "other")).isEmpty();
    }

    private void complete() {
        new Unpacking(cache).complete(libraries);
    }

    private Unpacking writing(Unpacking.Writing writing) {
        return new Unpacking(cache, Duration.ofMinutes(1), writing);
    }

    private void assertWhole() throws IOException {
        for (PackedLibrary library : libraries) {
            assertThat(library.isUnpacked(cache)).isTrue();
            assertThat(library.isIn(library.in(cache))).isTrue();
        }
        try (Stream<Path> files = Files.walk(cache)) {
            assertThat(files).noneMatch(file -> file.getFileName().toString().startsWith(".unpacking-"));
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(cache)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> cache.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }
}
