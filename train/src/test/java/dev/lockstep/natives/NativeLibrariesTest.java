package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests with real processes and the real libraries. */
@Tag("slow")
@Timeout(240)
final class NativeLibrariesTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Test
    void load_processesUnpackConcurrently_allSucceed() throws Exception {
        LoadingJvm jvm = new LoadingJvm(folder);
        Path natives = jvm.natives();
        jvm.assertSeveralAtOnceAreGood();
        // JavaCPP has unpacked nothing itself, which would not be atomic.
        Set<Path> expected = NativeLibraries.libraries(NativeLibraries.ALL).stream()
                .map(library -> library.in(natives))
                .collect(Collectors.toSet());
        try (Stream<Path> files = Files.walk(natives)) {
            assertThat(files.filter(file -> Files.isRegularFile(file, java.nio.file.LinkOption.NOFOLLOW_LINKS))
                            .filter(file -> !file.endsWith("unpack.lock")))
                    .containsExactlyInAnyOrderElementsOf(expected);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("a cache");
        }
    }

    @Test
    void load_folderThatOthersMayWriteTo_isRefusedInOneLine() throws Exception {
        LoadingJvm jvm = new LoadingJvm(folder);
        Files.createDirectories(jvm.natives());
        Files.setAttribute(jvm.natives(), "unix:mode", 0777);
        Process process = jvm.start("torch");
        String output = LoadingJvm.output(process);
        assertThat(process.waitFor()).as(output).isEqualTo(1);
        assertThat(output.strip())
                .startsWith("another user could put code into the cache of native libraries")
                .doesNotContain("\n");
        try (Stream<Path> files = Files.list(jvm.natives())) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void load_propertyOfJavaCpp_isHonored() throws Exception {
        Path own = folder.toRealPath().resolve("own");
        Process process = new LoadingJvm(folder, "-Dorg.bytedeco.javacpp.cachedir=" + own).start("torch");
        LoadingJvm.assertGood(process, own);
    }

    @Test
    void load_javaCppAlreadyLoaded_completesTheFolderInUse() throws Exception {
        Path home = folder.toRealPath();
        Path chosen = home.resolve(".javacpp").resolve("cache");
        Process process = new LoadingJvm(folder, "-Duser.home=" + home).start("after another");
        LoadingJvm.assertGood(process, chosen);
        assertThat(NativeLibraries.libraries(List.of("pytorch")))
                .isNotEmpty()
                .allMatch(library -> Files.isRegularFile(library.in(chosen)));
    }

    @Test
    void use_readOnlyFolder_isUsedAnyway() throws Exception {
        Process process = new LoadingJvm(folder).start("unwritable");
        assertThat(LoadingJvm.output(process)).isEqualTo("/nowhere/natives\n");
    }
}
