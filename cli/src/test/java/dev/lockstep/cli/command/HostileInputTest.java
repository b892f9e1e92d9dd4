package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.CapturedRun;
import dev.lockstep.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Malicious inputs: commands reject them quickly, with one short line that says why. */
@Tag("slow")
final class HostileInputTest {
    private static final String FASHION = "../recipes/fashion-mnist.yaml";
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private static CapturedRun run(String... arguments) {
        return Assertions.assertTimeoutPreemptively(SOON, () -> CapturedRun.of(arguments));
    }

    private static void assertRefused(CapturedRun run, String... parts) {
        assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("error: ")
                .hasSizeLessThan(2200)
                .hasLineCount(1)
                .doesNotContain("this is a bug")
                .contains(parts);
        assertThat(run.out()).isEmpty();
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("input.yaml"), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan", "train", "study"})
    void textFile_nestedDeep_isRefused(String command) throws IOException {
        for (String text :
                new String[] {"a: " + "[".repeat(3000), "- ".repeat(3000), "? ".repeat(3000), "{a: ".repeat(3000)}) {
            assertRefused(run(command, write(text).toString()), "deeper than 64 levels");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan", "train", "study"})
    void textFile_withMegabytesOfComments_isRefused(String command) throws IOException {
        Path file = write("# " + "x".repeat(20 << 20));
        assertRefused(run(command, file.toString()), "larger than 1000000 bytes, the limit", file.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan", "train", "study"})
    void textFile_thatNeverEnds_isRefused(String command) {
        assumeTrue(Files.exists(Path.of("/dev/zero")));
        assertRefused(run(command, "/dev/zero"), "not a regular file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan", "train", "study"})
    void textFile_aFolder_isRefused(String command) {
        assertRefused(run(command, folder.toString()), "not a regular file");
    }

    @Test
    void override_ofAKeyThousandsDeep_isRefused() {
        assertRefused(run("plan", FASHION, "--set", "a" + ".a".repeat(5000) + "=1"), "deeper than 64 levels");
    }

    @Test
    void override_ofAValueThousandsDeep_isRefused() {
        assertRefused(run("plan", FASHION, "--set", "workers=" + "[".repeat(5000)), "deeper than 64 levels");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "workers=2147483648 | whole number below 2147483648",
                "workers=65537 | between 1 and 65536",
                "images-per-worker=2147483647 | between 1 and 65536",
                "epochs=1000000000000 | whole number below 2147483648",
                "data.image-size=999999999 | between 8 and 1024",
                "learning-rate.warmup.epochs=1e300 | at most 100000",
                "learning-rate.reference=1e300 | at most 1000000",
                "optimizer.weight-decay=1e300 | at most 1000000",
                "model.width=2147483647 | between 0 and 4096",
                "data.dataset=synthetic:classes=999999999 | classes = 999999999 | at most 100000",
                "data.dataset=synthetic:images=999999999 | at most 100000000",
                "data.dataset=synthetic:shape=3x9999x9999 | at most 1024",
                "model.name=vit | no such network",
                "model.name=resnet19 | no such network",
            })
    void sizeOfARecipe_beyondItsLimit_isRefusedWithTheLimit(String override, String limit) {
        String[] parts = limit.split(" \\| ");
        assertRefused(run("plan", FASHION, "--set", override), parts);
    }

    @Test
    void unknownNetwork_isRefusedListingKnownOnes() {
        assertRefused(
                run("plan", FASHION, "--set", "model.name=vit"),
                "model.name = vit, no such network",
                "resnet8, resnet20, resnet32, resnet44, resnet56, resnet110",
                "resnet18, resnet34, resnet50, resnet101, resnet152");
    }

    @Test
    void network_thatDoesNotExist_isRefusedBeforeTrainingAndByStudies() throws IOException {
        assertRefused(run("train", FASHION, "--set", "model.name=vit"), "no such network");
        Path study = write("{name: s, title: t, recipe: " + Path.of(FASHION).toAbsolutePath()
                + ", set: {model.name: vit}, variants: [{name: a}], seeds: [1]}");
        assertRefused(run("study", study.toString(), "--dry-run"), "no such network");
    }

    @Test
    void schedule_ofManySteps_isRefused() throws IOException {
        StringBuilder epochs = new StringBuilder("1");
        for (int i = 2; i < 90_000; i++) {
            epochs.append(',').append(i);
        }
        String recipe = Files.readString(Path.of(FASHION));
        Path file = write(recipe.replaceAll("epochs: \\[.*]", "epochs: [" + epochs + "]"));
        assertRefused(run("plan", file.toString()), "at most 1000");
    }

    @Test
    void plan_largestRecipe_isFastAndHasAllNumbers() {
        CapturedRun run = run(
                "plan",
                FASHION,
                "--set",
                "workers=65536",
                "--set",
                "images-per-worker=32767",
                "--set",
                "epochs=100000",
                "--set",
                "model.name=resnet152",
                "--set",
                "model.width=4096",
                "--set",
                "learning-rate.warmup.epochs=100000",
                "--dataset-size",
                "2147483647",
                "--lanes",
                "65536");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .doesNotContain("= –", "NaN")
                .doesNotContainPattern(" -[0-9]")
                .contains("Memory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--images-per-second=Infinity", "--images-per-second=1e-300", "--images-per-second=1e300"})
    void cost_thatIsNoNumber_isRefused(String option) {
        assertRefused(run("plan", FASHION, option), "--images-per-second");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--bandwidth=.0000000000000000001bit", "--latency=99999999999999999999d"})
    void cost_ofANetworkThatDoesNotExist_isRefused(String option) {
        assertRefused(run("plan", FASHION, "--images-per-second=10", option), option.split("=")[0]);
    }

    @ParameterizedTest
    @CsvSource({
        "train, --out", "train, --data", "train, --weights", "train, --resume", "study, --out", "study, --data",
        "study, --reuse", "tune, --data", "plan, --measured", "export, --out", "report, --out", "report, --plots",
        "eval, --data", "eval, --recipe", "verify, --data"
    })
    void emptyPath_isRefused(String command, String option) {
        CapturedRun run = run(command, "x", option, "");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).hasLineCount(1).contains(option).contains("empty");
    }

    @Test
    void emptyArgument_isRefused() {
        assertRefused(run("plan", ""), "empty");
    }

    @Test
    void argumentWithAt_isNotExpandedAsFile() throws IOException {
        Path file = write("--help");
        assertRefused(run("plan", "@" + file), "no such recipe", "@" + file);
    }

    @Test
    void terminalEscapes_inWhatAnErrorQuotes_areShown() {
        String wild = "\u001b]0;owned\u0007\u009b2J\u202e";
        for (CapturedRun run : new CapturedRun[] {
            run("plan", wild),
            run("plan", FASHION, "--set", wild + "=1"),
            run("plan", FASHION, "--" + wild),
            run("plan", FASHION, "--set", "model.name=" + "'" + wild + "'"),
            run("data", "fetch", wild),
        }) {
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err())
                    .doesNotContain("\u001b", "\u0007", "\u009b", "\u202e")
                    .contains("\\x1b]0;owned");
        }
    }

    @Test
    void argumentOfMegabytes_isCut() {
        assertRefused(run("plan", "x".repeat(3_000_000)), "xxx … xxx");
        assertRefused(run("plan", FASHION, "--" + "x".repeat(3_000_000)), "see 'lockstep plan --help'");
    }

    @Test
    void output_ofAnyCommand_movesNoCursorAndKeepsJsonValid() throws IOException {
        CapturedRun run = CapturedRun.of(() -> {
            System.out.println("\u001b[2J");
            return 0;
        });
        assertThat(run.out()).isEqualTo("\u001b[2J\n");
        String wild = "η\u001b\u007f\u009b\u202e";
        CapturedRun guarded = CapturedRun.of(() -> Main.guarded(() -> {
            System.out.println(dev.lockstep.text.Json.pretty(java.util.Map.of("a", wild)));
            System.err.printf("%s %s%n", wild, 1);
            System.err.print((Object) wild);
            return 0;
        }));
        assertThat(guarded.out()).doesNotContain("\u001b", "\u007f", "\u009b", "\u202e");
        assertThat(new ObjectMapper().readTree(guarded.out()).path("a").asText())
                .isEqualTo(wild);
        assertThat(guarded.err()).isEqualTo("η\\x1b\\u007f\\u009b\\u202e 1\nη\\x1b\\u007f\\u009b\\u202e");
    }
}
