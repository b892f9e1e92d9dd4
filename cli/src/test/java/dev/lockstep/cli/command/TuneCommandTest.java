package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.CapturedRun;
import dev.lockstep.cli.Main;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.plan.RangeSweep;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code tune}, on a network and a dataset that take moments. */
@Tag("slow")
final class TuneCommandTest {
    private static final String TEXT = """
            # The rate is 0.1.
            name: tiny
            epochs: 4
            workers: 8
            images-per-worker: 4
            data:
              dataset: "synthetic:images=256,validation=8,shape=1x8x8,classes=3"
            model: {name: resnet8, width: 4}
            learning-rate:
              scaling: linear
              reference: 0.1       # η, as in the paper
              reference-minibatch: 16
            """;

    @TempDir
    private Path folder;

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("tiny.yaml"), text);
    }

    private static CapturedRun tune(Path file, String... more) {
        List<String> arguments = new ArrayList<>(List.of("tune", file.toString(), "--steps", "12"));
        arguments.addAll(List.of(more));
        return CapturedRun.of(arguments.toArray(String[]::new));
    }

    @Test
    void tune_sweep_suggestsTheRateOfTheLowestLoss() throws IOException {
        Path file = write(TEXT);
        CapturedRun run = tune(file, "--from", "0.00001", "--to", "0.1", "--rates", "3", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.get("trials"))
                .extracting(trial -> trial.get("rate").asDouble())
                .hasSize(3)
                .startsWith(0.00001)
                .isSorted();
        JsonNode best = json.get("trials").get(0);
        for (JsonNode trial : json.get("trials")) {
            best = trial.get("loss").asDouble() < best.get("loss").asDouble() ? trial : best;
        }
        assertThat(json.at("/result/suggestion")).isEqualTo(best.get("rate"));
        assertThat(run.err().lines().filter(line -> line.startsWith("learning rate ")))
                .hasSize(3);
        assertThat(Files.readString(file)).isEqualTo(TEXT);
    }

    @Test
    void tune_oneRate_namesNoRange() throws IOException {
        CapturedRun run = tune(write(TEXT), "--from", "0.05", "--to", "0.05");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err().lines().filter(line -> line.startsWith("learning rate ")))
                .hasSize(1);
        assertThat(run.out()).isEqualTo("""
                        learning-rate.reference: 0.05 for learning-rate.reference-minibatch: 16 (currently 0.1)
                        this is at the end of the sweep: try rates beyond it
                        """);
    }

    @Test
    void text_ofARange_namesItsEnds() {
        Recipe recipe = RecipeFile.parse(TEXT, "test", Map.of());
        assertThat(TuneCommand.text(recipe, new RangeSweep.Result(0.40000000000000002, 0.2, 1.6, false)))
                .isEqualTo("learning-rate.reference: 0.4 for learning-rate.reference-minibatch: 16"
                        + " (rates from 0.2 to 1.6 do nearly as well; currently 0.1)");
    }

    @Test
    void apply_writesTheRateAndNothingElse() throws IOException {
        Path file = write(TEXT);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
        Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), file.getFileName());
        CapturedRun run = tune(link, "--from", "0.0125", "--to", "0.0125", "--apply");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).endsWith("wrote learning-rate.reference: 0.0125 to " + link + "\n");
        assertThat(Files.readString(file)).isEqualTo(TEXT.replace("reference: 0.1 ", "reference: 0.0125 "));
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-rw----");
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(file, link);
        }
    }

    /** Eight times the paper's rate per image: the check of it is told why. */
    @Test
    void apply_toAFileWithoutTheKey_addsItAndTheReason() throws IOException {
        String text = TEXT.replaceAll("(?m)^  reference: .*\n", "");
        Path file = write(text);
        CapturedRun run = tune(file, "--from", "0.05", "--to", "0.05", "--apply");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err())
                .endsWith("wrote learning-rate.reference: 0.05, and why it may differ from the paper's, to " + file
                        + "\n");
        assertThat(Files.readString(file))
                .isEqualTo(text.replace("  scaling: linear\n", "  reference: 0.05\n  scaling: linear\n")
                        + "suppress: {linear-rule: the rate was found by lockstep tune}\n");
        assertThat(tune(file, "--from", "0.04", "--to", "0.04", "--apply").err())
                .endsWith("wrote learning-rate.reference: 0.04 to " + file + "\n");
    }

    @Test
    void replace_inAFileThatHasChanged_leavesIt() throws IOException {
        Path file = write(TEXT + "# by somebody else\n");
        RecipeArgument argument = CommandLine.populateCommand(new RecipeArgument(), file.toString());
        CapturedRun run = CapturedRun.of(() -> {
            try {
                argument.set(TEXT, "learning-rate.reference", "0.4", Map.of());
                return 0;
            } catch (LockstepException e) {
                return new Main().report(e);
            }
        });
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("error: the recipe has changed since it was read and was not modified, file = " + file
                        + ", set learning-rate.reference to 0.4 there by hand\n");
        assertThat(Files.readString(file)).isEqualTo(TEXT + "# by somebody else\n");
    }

    @Test
    void apply_withOverrides_isRefusedBeforeTheSweep() throws IOException {
        CapturedRun run = tune(write(TEXT), "--set", "model.width=8", "--apply");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("error: --apply cannot be combined with --set")
                .hasLineCount(1);
    }

    /** With a rate that changes nothing. */
    @Test
    void train_thatLearnsLittle_suggestsToTune() throws IOException {
        Path file = write(TEXT.replace("reference: 0.1 ", "reference: 1e-9 ").replace("workers: 8", "workers: 1"));
        Path run = folder.resolve("run");
        CapturedRun train = CapturedRun.of("train", file.toString(), "--out", run.toString(), "--stop-after", "128");
        assertThat(train.exitCode()).as(train.err()).isZero();
        assertThat(train.err().lines().filter(line -> line.startsWith("hint: ")))
                .singleElement()
                .asString()
                .contains("'lockstep tune " + file + "' looks for a better learning rate");
    }

    @Test
    void tune_valuesOutOfRange_areOneLine() throws IOException {
        Path file = write(TEXT);
        for (List<String> wrong : List.of(
                List.of("--from", "0"),
                List.of("--from", "1", "--to", "0.5"),
                List.of("--to", "Infinity"),
                List.of("--rates", "0"),
                List.of("--rates", "2000000000"),
                List.of("--steps", "2000000000"),
                List.of("--steps", "5"))) {
            CapturedRun run = tune(file, wrong.toArray(String[]::new));
            assertThat(run.exitCode()).as(wrong.toString()).isEqualTo(2);
            assertThat(run.err()).startsWith("error: ").hasLineCount(1);
        }
    }

    private static List<String> errors(CapturedRun run) {
        return run.err().lines().filter(line -> line.startsWith("error: ")).toList();
    }
}
