package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The shell launcher in a checkout of its own, with a {@code java} and a {@code mvn} that write down how they were called.
 */
@Tag("slow")
final class LauncherTest {
    private static final String BUILD =
            "mkdir -p cli/target && touch cli/target/lockstep-cli-1.jar cli/target/lockstep-cli-1-sources.jar"
                    + " && printf %s \"$PWD/pom.xml\" > cli/target/classpath.txt";
    private static final List<String> TOOLS = List.of(
            "sh",
            "dirname",
            "readlink",
            "sed",
            "find",
            "head",
            "mkdir",
            "touch",
            "mv",
            "cat",
            "env",
            "grep",
            "rm",
            "sleep");

    @TempDir
    Path temp;

    private Path checkout;
    private Path bin;
    private Path jdk;
    private final Map<String, String> environment = new HashMap<>();

    private record Result(int exitCode, String out, String err) {}

    private record Started(Process process, Path err) {
        Result finish() throws Exception {
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return new Result(process.exitValue(), out, Files.readString(err));
        }
    }

    @BeforeEach
    void makeCheckout() throws IOException {
        checkout = Files.createDirectories(temp.resolve("a check out"));
        Files.copy(Path.of("..", "lockstep"), checkout.resolve("lockstep"));
        for (String file : List.of("pom.xml", "core/pom.xml", "cli/pom.xml", "core/src/main/A", "cli/src/main/B")) {
            Files.createDirectories(checkout.resolve(file).getParent());
            Files.writeString(checkout.resolve(file), "");
        }
        makeOld(checkout);
        jdk = makeJdk("jdk", "17.0.1");
        bin = Files.createDirectory(temp.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("java"), jdk.resolve("bin/java"));
        maven("3.8.7", BUILD);
        environment.put("PATH", bin + ":/usr/bin:/bin");
    }

    @Test
    void run_firstTime_buildsOnceThenNotAgain() throws Exception {
        assertThat(run("plan", "my recipe.yaml").err).startsWith("building Lockstep");
        Result second = run("plan", "my recipe.yaml");
        assertThat(second.err).isEmpty();
        assertThat(second.out.lines().toList()).endsWith("dev.lockstep.cli.Main", "plan", "my recipe.yaml");
        assertThat(builds()).isEqualTo(1);
    }

    /** Options of Maven's output go to the log, and how far it is only to a terminal. */
    @Test
    void run_firstTime_logsTheBuildAndReportsItsFailure() throws Exception {
        maven("3.8.7", "echo '[INFO] Building Lockstep core 1 [2/8]'; echo '[ERROR] no C:\\\\space'; exit 3");
        Result failed = run("plan");
        assertThat(failed.exitCode).isEqualTo(2);
        assertThat(failed.err)
                .startsWith("building Lockstep")
                .contains("error: the build failed: no C:\\space, log = ")
                .doesNotContain("part 2");
        assertThat(checkout.resolve("cli/target/build.log")).content().contains("core 1 [2/8]", "exit code 3");
    }

    /** The terminal is that of script(1). */
    @Test
    void run_firstTimeOnATerminal_saysHowFarTheBuildIs() throws Exception {
        maven("3.8.7", "echo '[INFO] Building Lockstep core 1 [2/8]'; " + BUILD);
        String command = "'" + checkout.resolve("lockstep") + "' plan";
        Result built = start(List.of("script", "-qec", command, "/dev/null")).finish();
        assertThat(built.out).contains("building Lockstep", "\r  part 2 of 8 ", "\r\u001b[K");
    }

    /** Of loaded and verified classes: a small one for commands that compute nothing. */
    @Test
    void run_anyCommand_takesItsClassArchive() throws Exception {
        String archive = "-XX:SharedArchiveFile=" + checkout.toRealPath() + "/cli/target/";
        for (String quick : List.of("plan", "--help", "help", "runs", "report")) {
            assertThat(run(quick, "x").out).contains(archive + "quick.jsa\n", "-XX:TieredStopAtLevel=1\n");
        }
        assertThat(run("train", "x.yaml").out).contains(archive + "all.jsa\n").doesNotContain("TieredStopAtLevel");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--classpath own.jar plan x.yaml",
                "plan x.yaml --classpath=own.jar",
                "plan --classpath own.jar x.yaml"
            })
    void classPathOption_isTakenWhereverItStands(String arguments) throws Exception {
        Files.writeString(temp.resolve("own.jar"), "");
        String line = arguments.replace("own.jar", temp.resolve("own.jar").toString());
        Result result = run(line.split(" "));
        assertThat(result.out.lines().toList()).endsWith("dev.lockstep.cli.Main", "plan", "x.yaml");
        assertThat(result.out).contains(":" + temp.resolve("own.jar") + "\n");
        assertThat(result.out).doesNotContain("--classpath");
    }

    @Test
    void classPathOption_ofNoFile_isRefused() throws Exception {
        assertThat(run("plan", "--classpath", "/no/own.jar").err)
                .isEqualTo("error: no such file, --classpath = /no/own.jar, give a JAR, or a folder of classes\n");
        assertThat(run("plan", "--classpath").err)
                .isEqualTo("error: missing value, option = --classpath, give a JAR\n");
    }

    @Test
    void run_sourceNewerThanTheBuild_buildsAgain() throws Exception {
        run();
        Files.setLastModifiedTime(
                checkout.resolve("core/src/main/A"), FileTime.from(Instant.now().plusSeconds(5)));
        run();
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void run_libraryGone_buildsAgain() throws Exception {
        run();
        Files.writeString(checkout.resolve("cli/target/classpath.txt"), checkout.resolve("pom.xml") + ":/no/such.jar");
        run();
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void run_builtByHand_doesNotBuild() throws Exception {
        run();
        Files.delete(checkout.resolve("cli/target/built"));
        assertThat(run().err).isEmpty();
        assertThat(builds()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void run_twoFirstCommands_buildOnce(boolean flock) throws Exception {
        if (!flock) {
            environment.put("PATH", bin + ":" + toolsAlone());
        }
        maven("3.8.7", "sleep 0.3; " + BUILD);
        Started other = start(List.of(checkout.resolve("lockstep").toString()));
        assertThat(run().exitCode).isZero();
        assertThat(other.finish().exitCode).isZero();
        assertThat(builds()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0", "5", "143"})
    void run_command_keepsItsExitCode(int code) throws Exception {
        environment.put("FAKE_EXIT", Integer.toString(code));
        assertThat(run().exitCode).isEqualTo(code);
    }

    @Test
    void run_throughALinkFromElsewhere_findsTheCheckout() throws Exception {
        Path link = Files.createSymbolicLink(bin.resolve("lockstep"), Path.of("..", "a check out", "lockstep"));
        Path again = Files.createSymbolicLink(temp.resolve("ls"), link);
        Result result = start(List.of(again.toString(), "doctor")).finish();
        assertThat(result.exitCode).isZero();
        assertThat(result.out).contains("LOCKSTEP_HOME=" + checkout.toRealPath());
        assertThat(result.out).contains(checkout.toRealPath() + "/cli/target/lockstep-cli-1.jar:");
        assertThat(result.out).doesNotContain("sources");
    }

    @Test
    void run_inADistribution_needsNothingButJava() throws Exception {
        Path home = makeDistribution();
        environment.put("PATH", jdk.resolve("bin").toString());
        Result result = start(List.of(home.resolve("bin/lockstep").toString(), "train", "my recipe.yaml"))
                .finish();
        assertThat(result.err).isEmpty();
        assertThat(result.out)
                .contains("LOCKSTEP_HOME=" + home, "OMP_NUM_THREADS=1", "LC_ALL=C.UTF-8")
                .contains("-cp\n" + home + "/lib/a.jar:" + home + "/lib/lockstep-cli-1.jar\ndev.lockstep.cli.Main\n")
                .doesNotContain("cachedir");
        assertThat(result.out.lines().toList()).endsWith("train", "my recipe.yaml");
        assertThat(temp.resolve("builds")).doesNotExist();
    }

    @Test
    void run_inABundle_takesItsJavaAndItsLibraries() throws Exception {
        Path home = makeDistribution();
        Files.move(makeJdk("bundled", "17.0.9"), home.resolve("jre"));
        Files.createDirectory(home.resolve("natives"));
        environment.put("JAVA_HOME", temp.resolve("nowhere").toString());
        environment.put("PATH", "");
        List<String> command = List.of(home.resolve("bin/lockstep").toString(), "doctor");
        assertThat(start(command).finish().out)
                .contains("jdk=bundled", "-Dorg.bytedeco.javacpp.cachedir=" + home + "/natives\n");
        environment.put("LOCKSTEP_CACHE", "/elsewhere");
        assertThat(start(command).finish().out).doesNotContain("cachedir");
    }

    @Test
    void run_distributionWithoutJava_asksForARuntimeOnly() throws Exception {
        environment.put("PATH", "");
        Result result = start(List.of(makeDistribution().resolve("bin/lockstep").toString()))
                .finish();
        assertThat(result.exitCode).isEqualTo(2);
        assertThat(result.err)
                .isEqualTo("error: no Java found, command = java, install a Java 17 or newer"
                        + " (Debian: apt-get install openjdk-17-jre-headless)\n");
    }

    @Test
    void run_always_setsWhatTheNativeCodeNeeds() throws Exception {
        environment.put("GLIBC_TUNABLES", "glibc.malloc.arena_max=2");
        environment.put("MALLOC_TOP_PAD_", "7");
        environment.put("OMP_NUM_THREADS", "8");
        environment.put("LOCKSTEP_JAVA_OPTIONS", "-Xmx1g -Da=b");
        assertThat(run("train").out.lines())
                .contains(
                        "GLIBC_TUNABLES=glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0",
                        "MALLOC_MMAP_THRESHOLD_=4294967296",
                        "MALLOC_TRIM_THRESHOLD_=34359738368",
                        "MALLOC_TOP_PAD_=7",
                        "OMP_NUM_THREADS=1",
                        "LC_ALL=C.UTF-8",
                        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                        "-Xmx1g",
                        "-Da=b");
    }

    @ParameterizedTest
    @CsvSource({"17.0.1, false", "21.0.2, false", "22, true", "25.0.1, true"})
    void run_newJava_isAllowedNativeAccess(String version, boolean allowed) throws Exception {
        environment.put("JAVA_HOME", makeJdk("other", version).toString());
        Result result = run("train");
        assertThat(result.exitCode).isZero();
        assertThat(result.out).contains("jdk=other");
        assertThat(result.out.contains("--enable-native-access=ALL-UNNAMED")).isEqualTo(allowed);
        assertThat(result.out.contains("--sun-misc-unsafe-memory-access=allow")).isEqualTo(version.startsWith("25"));
    }

    @ParameterizedTest
    @CsvSource({"1.8.0_392", "11.0.20"})
    void run_oldJava_isAnError(String version) throws Exception {
        environment.put("JAVA_HOME", makeJdk("old", version).toString());
        assertError("error: Java is too old, version = " + version + ", command = ");
    }

    @Test
    void run_javaWithoutReleaseFile_isAsked() throws Exception {
        Files.delete(jdk.resolve("release"));
        environment.put("FAKE_VERSION", "openjdk version \"11.0.2\" 2019-01-15");
        assertError("error: Java is too old, version = 11.0.2, ");
        environment.put("FAKE_VERSION", "openjdk version \"17\" 2021-09-14");
        assertThat(run().exitCode).isZero();
    }

    @Test
    void run_noJava_isAnError() throws Exception {
        environment.put("JAVA_HOME", temp.resolve("nowhere").toString());
        assertError("error: no Java found, JAVA_HOME = " + temp.resolve("nowhere") + ", ");
        environment.remove("JAVA_HOME");
        environment.put("PATH", toolsAlone());
        assertError("error: no Java found, command = java, install a JDK 17 or newer ");
    }

    @Test
    void run_javaWithoutCompiler_isAnErrorOnlyToBuild() throws Exception {
        Files.delete(jdk.resolve("bin/javac"));
        assertError("error: this Java has no compiler, home = ");
        executable(jdk.resolve("bin/javac"), "");
        run();
        Files.delete(jdk.resolve("bin/javac"));
        assertThat(run().exitCode).isZero();
    }

    @Test
    void run_noMavenOrOldMaven_isAnError() throws Exception {
        maven("3.6.3", "true");
        assertError("error: Maven is too old, version = 3.6.3, install Maven 3.8 or newer");
        maven("2.2.1", "true");
        assertError("error: Maven is too old, version = 2.2.1, ");
        executable(bin.resolve("mvn"), "exit 1");
        assertError("error: Maven does not work, command = mvn, ");
        Files.delete(bin.resolve("mvn"));
        environment.put("PATH", bin + ":" + toolsAlone());
        assertError("error: no Maven found, command = mvn, ");
        maven("4.0.0-rc-5", "exit 1");
        assertError("error: the build failed");
    }

    @Test
    void run_readOnlyCheckout_isAnErrorOnlyToBuild() throws Exception {
        Files.writeString(checkout.resolve("cli/target"), "in the way, as a read-only file system is");
        assertError("error: cannot build, folder = ");
        assertThat(temp.resolve("builds")).doesNotExist();
    }

    @Test
    void run_buildThatFails_namesItsFirstErrorAndTriesAgain() throws Exception {
        maven("3.9.9", "echo '[INFO] fine'; echo '[ERROR] A.java:[3,7] no such thing'; exit 1");
        assertError("error: the build failed: A.java:[3,7] no such thing, log = ");
        assertError("error: the build failed: A.java:[3,7] no such thing, log = ");
        assertThat(builds()).isEqualTo(2);
    }

    private void assertError(String start) throws Exception {
        Result result = run();
        assertThat(result.exitCode).as(result.toString()).isEqualTo(2);
        assertThat(result.err.lines().filter(line -> !line.startsWith("building ")))
                .hasSize(1)
                .first()
                .asString()
                .startsWith(start);
        assertThat(result.out).isEmpty();
    }

    private long builds() throws IOException {
        try (var lines = Files.lines(temp.resolve("builds"))) {
            return lines.count();
        }
    }

    private Path makeDistribution() throws IOException {
        Path home = Files.createDirectories(temp.toRealPath().resolve("a distribution"));
        for (String file : List.of("bin/lockstep", "lib/a.jar", "lib/lockstep-cli-1.jar")) {
            Files.createDirectories(home.resolve(file).getParent());
            Files.writeString(home.resolve(file), "");
        }
        Files.copy(checkout.resolve("lockstep"), home.resolve("bin/lockstep"), StandardCopyOption.REPLACE_EXISTING);
        home.resolve("bin/lockstep").toFile().setExecutable(true);
        return home;
    }

    private Path makeJdk(String name, String version) throws IOException {
        Path home = temp.resolve(name);
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        executable(home.resolve("bin/javac"), "");
        executable(
                home.resolve("bin/java"),
                "[ \"$1\" != -version ] || { echo \"$FAKE_VERSION\" >&2; exit 0; }",
                "PATH=/usr/bin:/bin; env | grep -E '^(GLIBC|MALLOC|OMP|LC_ALL|LOCKSTEP_HOME)'",
                "echo jdk=" + name,
                "printf '%s\\n' \"$@\"",
                "exit \"${FAKE_EXIT:-0}\"");
        return home;
    }

    private void maven(String version, String build) throws IOException {
        executable(
                bin.resolve("mvn"),
                "if [ \"$1\" = -v ]; then printf '\\033[1mApache Maven " + version + "\\033[m\\n'; exit 0; fi",
                "echo \"$@\" >> '" + temp.resolve("builds") + "'",
                build);
    }

    private static void executable(Path file, String... lines) throws IOException {
        Files.deleteIfExists(file);
        Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** A folder with nothing but what the launcher uses: no Java, no Maven, no flock. */
    private String toolsAlone() throws IOException {
        Path tools = Files.createDirectories(temp.resolve("tools"));
        for (String tool : TOOLS) {
            String system = Stream.of("/usr/bin/", "/bin/")
                    .map(folder -> folder + tool)
                    .filter(path -> Files.exists(Path.of(path)))
                    .findFirst()
                    .orElseThrow();
            executable(tools.resolve(tool), "exec " + system + " \"$@\"");
        }
        return tools.toString();
    }

    private static void makeOld(Path folder) throws IOException {
        FileTime yesterday = FileTime.from(Instant.now().minusSeconds(86_400));
        try (var paths = Files.walk(folder)) {
            for (Path path : paths.toList()) {
                Files.setLastModifiedTime(path, yesterday);
            }
        }
    }

    private Result run(String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(checkout.resolve("lockstep").toString()));
        command.addAll(List.of(arguments));
        return start(command).finish();
    }

    private Started start(List<String> command) throws IOException {
        Path err = Files.createTempFile(temp, "err", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(temp.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectError(err.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return new Started(builder.start(), err);
    }
}
