package dev.lockstep.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The archive, unpacked where there is nothing: no environment, no home, no network, nothing to write to but two folders. */
@Timeout(600)
final class DistributionIT {
    @TempDir
    static Path temp;

    private static Path home;
    private static Path jre;
    private static String expected;

    @BeforeAll
    static void unpack() throws Exception {
        Sandbox.open(temp);
        Sandbox.require("tar", "-xzf", System.getProperty("lockstep.archive"), "-C", temp.toString());
        home = temp.resolve("lockstep-" + System.getProperty("lockstep.version"));
        Sandbox.require("chmod", "-R", "a-w", home.toString());
        jre = Files.createDirectory(temp.resolve("jre"));
        Files.createSymbolicLink(jre.resolve("java"), Path.of(System.getProperty("java.home"), "bin", "java"));
        expected = Sandbox.weightsOfTheCheckout(temp.resolve("checkout"));
    }

    @Test
    void archive_hasWhatADistributionNeeds() throws IOException {
        assertThat(home.resolve("bin/lockstep")).isExecutable();
        assertThat(List.of("LICENSE", "NOTICE", "README.md", "recipes/fashion-mnist.yaml", "docs/distribution.md"))
                .allSatisfy(name -> assertThat(home.resolve(name)).isRegularFile());
        assertThat(Files.readString(home.resolve("NOTICE"))).contains("org.bytedeco:pytorch", "Apache", "jackson");
        try (Stream<Path> jars = Files.list(home.resolve("lib"))) {
            List<String> names =
                    jars.map(jar -> jar.getFileName().toString()).sorted().toList();
            assertThat(names)
                    .anyMatch(name -> name.matches("pytorch-.*-(linux|macosx)-.*\\.jar"))
                    .anyMatch(name -> name.startsWith("lockstep-cli-"))
                    .noneMatch(
                            name -> name.contains("junit") || name.startsWith("jib-") || name.contains("error_prone"));
        }
    }

    @Test
    void train_withJavaAloneOnThePath_hasTheWeightsOfTheCheckout() throws Exception {
        Path cache = Sandbox.folder(temp.resolve("cache"));
        Path out = Sandbox.folder(temp.resolve("runs")).resolve("run");
        Sandbox.Result result = Sandbox.lockstep(
                home, Map.of("PATH", jre.toString(), "LOCKSTEP_CACHE", cache.toString()), Sandbox.training(home, out));
        assertThat(result.exitCode()).as(result.out()).isZero();
        assertThat(Sandbox.weights(out)).isEqualTo(expected);
    }

    @Test
    void cacheThatCannotBeWritten_isALineThatSaysHowToFixIt() throws Exception {
        Path file = Files.createFile(temp.resolve("not a folder"));
        Path out = Sandbox.folder(temp.resolve("more runs")).resolve("run");
        Sandbox.Result result = Sandbox.lockstep(
                home, Map.of("PATH", jre.toString(), "LOCKSTEP_CACHE", file + "/cache"), Sandbox.training(home, out));
        assertThat(result.exitCode()).as(result.out()).isEqualTo(2);
        assertThat(result.out().lines().filter(line -> line.startsWith("error: ")))
                .singleElement()
                .asString()
                .startsWith("error: cannot use the cache of native libraries: ")
                .contains("folder = " + file)
                .endsWith("set LOCKSTEP_CACHE to a folder that you own");
    }

    /** Also where Java is older or a JDK is complete: the bundle brings its own. */
    @Test
    void bundle_trainsWithoutAnyJavaAndWithoutACache() throws Exception {
        Path bundle = temp.resolve("a bundle");
        Sandbox.Result made = Sandbox.run(
                Map.of("JAVA_HOME", System.getProperty("java.home")),
                List.of(home.resolve("bin/lockstep").toString(), "bundle", "--unpack", "--out", bundle.toString()));
        assertThat(made.exitCode()).as(made.out()).isZero();
        Path out = Sandbox.folder(temp.resolve("bundled runs")).resolve("run");
        Sandbox.Result result = Sandbox.lockstep(bundle, Map.of("PATH", ""), Sandbox.training(bundle, out));
        assertThat(result.exitCode()).as(result.out()).isZero();
        assertThat(Sandbox.weights(out)).isEqualTo(expected);
        assertThat(out.resolve("report.html")).isRegularFile();
    }

    @Test
    void bundle_underAJavaThatCannotMakeRuntimes_saysSo() throws Exception {
        Path plain = temp.resolve("plain");
        Sandbox.require(
                Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
                "--add-modules",
                "java.base,java.desktop,java.net.http,java.sql,jdk.unsupported",
                "--output",
                plain.toString());
        Sandbox.Result result = Sandbox.run(
                Map.of("JAVA_HOME", plain.toString()),
                List.of(
                        home.resolve("bin/lockstep").toString(),
                        "bundle",
                        "--out",
                        temp.resolve("never").toString()));
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out())
                .startsWith("error: this Java cannot make a runtime: it has no jdeps, java.home = " + plain)
                .contains("set JAVA_HOME to a full JDK 17 or newer");
        assertThat(temp.resolve("never")).doesNotExist();
    }
}
