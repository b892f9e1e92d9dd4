package dev.lockstep.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.network.ResNets;
import dev.lockstep.schedule.Scaling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RecipeFileTest {
    /** Line numbers in the table below count from this text's first line. */
    private static final String GOOD = """
            name: test
            epochs: 3
            workers: 8
            images-per-worker: 32
            data:
              dataset: fashion-mnist
            model:
              name: resnet8
            learning-rate:
              reference: 0.1
              warmup:
                kind: gradual
                epochs: 1
            optimizer:
              momentum: 0.9
            """;

    static Stream<Arguments> badRecipes() {
        return Stream.of(
                bad("workers:", "wrokers:", "unknown key 'wrokers'", ":3", "did you mean 'workers'?"),
                bad("  reference:", "  refrence:", "unknown key 'learning-rate.refrence'", ":10", "'reference'?"),
                bad("epochs: 3", "momentum: 3", "unknown key 'momentum'", ":2", "'optimizer.momentum' or 'batch-norm"),
                bad("dataset: fashion-mnist", "colour: jitter", "'data.colour'", ":6", "data.colour is now data.color"),
                bad("workers: 8", "silence: {x: y}", "unknown key 'silence'", ":3", "silence is now suppress"),
                bad("workers: 8", "workers: many", "workers = many", ":3", "must be a whole number below 2147483648"),
                bad("workers: 8", "workers: 8.5", "workers = 8.5", ":3", "must be a whole number below 2147483648"),
                bad("workers: 8", "workers: '8'", "workers = '8'", ":3", "must be a whole number below 2147483648"),
                bad("workers: 8", "workers: 9999999999", "workers = 9999999999", ":3", "below 2147483648"),
                bad("workers: 8", "workers: [8]", "workers is not a single value", ":3", "write a whole number"),
                bad("workers: 8", "workers: 0", "workers = 0", ":3", "must be between 1 and 65536"),
                bad("workers: 8", "workers: 65537", "workers = 65537", ":3", "must be between 1 and 65536"),
                bad("images-per-worker: 32", "images-per-worker: 1", "images-per-worker = 1", ":4", "at least 2"),
                bad(
                        "workers: 8\nimages-per-worker: 32",
                        "workers: 65536\nimages-per-worker: 65536",
                        "workers × images-per-worker = 4294967296",
                        ":3",
                        "2^31"),
                bad("0.9", "1.0", "optimizer.momentum = 1.0", ":15", "must be at least 0 and below 1"),
                bad("0.9", "-0.1", "optimizer.momentum = -0.1", ":15", "must be at least 0 and below 1"),
                bad("0.9", ".nan", "optimizer.momentum = .nan", ":15", "must be a number"),
                bad("0.9", "0", "optimizer.nesterov = true", ":14", "needs momentum above 0"),
                bad(
                        "momentum: 0.9",
                        "kind: adamm\n  momentum: 0.9",
                        "optimizer.kind = adamm",
                        ":15",
                        "must be one of sgd, lars"),
                bad(
                        "momentum: 0.9",
                        "kind: lars\n  nesterov: true",
                        "unknown key 'optimizer.nesterov' of kind lars",
                        ":16",
                        "remove it: this kind has momentum, weight-decay, trust-coefficient, epsilon"),
                bad(
                        "momentum: 0.9",
                        "kind: lars\n  trust-coefficient: 0",
                        "optimizer.trust-coefficient = 0",
                        ":16",
                        "must be a number above 0"),
                bad("momentum: 0.9", "kind: [sgd]", "optimizer.kind is not a single value", ":15", "write a text"),
                bad(
                        "momentum: 0.9",
                        "momentun: 0.9",
                        "unknown key 'optimizer.momentun' of kind sgd",
                        ":15",
                        "did you mean 'momentum'?"),
                bad("0.1", "-0.1", "learning-rate.reference = -0.1", ":10", "must be a number above 0"),
                bad("0.1", "1e999", "learning-rate.reference = 1e999", ":10", "must be a number"),
                bad("gradual", "slow", "learning-rate.warmup.kind = slow", ":12", "one of none, constant, gradual"),
                bad("gradual", "'gradual'", "learning-rate.warmup.kind = 'gradual'", ":12", "one of none, constant"),
                bad("    epochs: 1", "    epochs: -1", "learning-rate.warmup.epochs = -1.0", ":13", "at least 0"),
                bad("name: test", "name: a b", "name = a b", ":1", "must be letters, digits"),
                bad("name: test\n", "", "missing key 'name'", "test.yaml", "add it"),
                bad("  dataset: fashion-mnist", "  image-size: 28", "missing key 'data.dataset'", ":5", "add it"),
                bad(
                        "  dataset: fashion-mnist",
                        "  dataset: x\n  image-size: 4",
                        "data.image-size = 4",
                        ":7",
                        "8 and 1024"),
                bad("epochs: 3", "epochs: 3\nepochs: 4", "key 'epochs' is written twice", ":3", "remove one"),
                bad("data:\n  dataset: fashion-mnist", "data: mnist", "data is a group of keys", ":5", "below it"),
                bad("data:\n  dataset: fashion-mnist", "data:", "data is a group of keys", ":5", "below it"),
                bad("epochs: 3", "epochs: 3\n  x: y: z", "not valid YAML", ":3", "fix the syntax"),
                bad("epochs: 3", "epochs: &a [*a]", "deeper than 64 levels", ":2", "remove aliases"),
                bad("epochs: 3", "? [a]\n: 3", "a key is not a text", ":2", "write 'key: value'"),
                bad("epochs: 3", "seed: 1\n---\nepochs: 3", "not valid YAML", ":3", "fix the syntax"),
                bad(
                        "    epochs: 1",
                        "    epochs: 1\n  schedule: {kind: step}",
                        "schedule.epochs = []",
                        ":14",
                        "at least one"),
                bad("    epochs: 1", "    epochs: 1\n  schedule: {epochs: [2, 1]}", "= [2.0, 1.0]", ":14", "ascending"),
                bad(
                        "    epochs: 1",
                        "    epochs: 1\n  schedule: {epochs: [1,\n    x]}",
                        "epochs[1] = x",
                        ":15",
                        "number"),
                bad(
                        "    epochs: 1",
                        "    epochs: 1\n  schedule: {epochs: 5}",
                        "schedule.epochs is not a list",
                        ":14",
                        "[a, b"),
                bad(
                        "    epochs: 1",
                        "    epochs: 1\n  schedule: {factor: 2}",
                        "schedule.factor = 2.0",
                        ":14",
                        "at most 1"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badRecipes")
    void parse_badInput_isOneLineWithPlaceAndFix(String yaml, String what, String place, String fix) {
        assertThatThrownBy(() -> RecipeFile.parse(yaml, "test.yaml", Map.of()))
                .isInstanceOfSatisfying(LockstepException.class, e -> {
                    assertThat(e.kind()).isEqualTo(LockstepException.Kind.RECIPE);
                    assertThat(e.exitCode()).isEqualTo(2);
                    assertThat(e.getMessage()).doesNotContain("\n").containsSubsequence(what, place, fix);
                });
    }

    @Test
    void parse_goodRecipe_hasItsValuesAndTheDefaults() {
        Recipe recipe = RecipeFile.parse(GOOD, "test.yaml", Map.of());

        assertThat(recipe.minibatch()).isEqualTo(256);
        assertThat(recipe.learningRate().scaling()).isEqualTo(Scaling.LINEAR);
        assertThat(recipe.learningRate().schedule().kind()).isEqualTo(Recipe.ScheduleKind.CONSTANT);
        assertThat(recipe.optimizer())
                .isEqualTo(new SgdSettings(
                        0.9,
                        true,
                        Recipe.MomentumForm.GRADIENT,
                        true,
                        1e-4,
                        false,
                        true,
                        Recipe.WeightDecayRate.SCALED));
        assertThat(recipe.batchNorm()).isEqualTo(new Recipe.BatchNorm(0.1, 1e-5));
        assertThat(recipe.model()).isEqualTo(new Recipe.Model("resnet8", 0, false));
        assertThat(recipe.suppress()).isEmpty();
    }

    /** Table 2b: γ = 0 helps deep networks on ImageNet and slows down small ones. */
    @ParameterizedTest
    @CsvSource({
        "resnet8,false", "resnet20,false", "resnet32,false", "resnet44,false", "resnet56,false", "resnet110,false",
        "resnet18,true", "resnet34,true", "resnet50,true", "resnet101,true", "resnet152,true", "mine,true"
    })
    void parse_startOfTheLastGamma_dependsOnTheNetworkUnlessWritten(String network, boolean zero) {
        Recipe recipe = RecipeFile.parse(GOOD, "test", Map.of("model.name", network));

        assertThat(recipe.model().zeroInitResidual()).isEqualTo(zero).isEqualTo(!ResNets.isForSmallImages(network));
        Recipe written = RecipeFile.parse(
                GOOD, "test", Map.of("model.name", network, "model.zero-init-residual", String.valueOf(!zero)));
        assertThat(written.model().zeroInitResidual()).isEqualTo(!zero);
        assertThat(RecipeFile.parse(recipe.toYaml(), "again", Map.of())).isEqualTo(recipe);
    }

    @Test
    void parse_kindSgd_isTheDefault() {
        assertThat(RecipeFile.parse(GOOD, "test.yaml", Map.of("optimizer.kind", "sgd")))
                .isEqualTo(RecipeFile.parse(GOOD, "test.yaml", Map.of()));
    }

    @Test
    void parse_kindLars_hasDefaultsOfItsOwn() {
        assertThat(RecipeFile.parse(GOOD, "test.yaml", Map.of("optimizer.kind", "lars"))
                        .optimizer())
                .isEqualTo(new LarsSettings(0.9, 1e-4, 0.001, 1e-8));
    }

    @Test
    void toYaml_anyOptimizer_startsWithItsKind() {
        assertThat(RecipeFile.parse(GOOD, "test.yaml", Map.of()).toYaml())
                .contains("optimizer:\n  kind: sgd\n  momentum: 0.9\n");
    }

    @Test
    void parse_velocityFormWithoutCorrection_isExpressible() {
        Recipe recipe = RecipeFile.parse(
                GOOD, "test.yaml", Map.of("optimizer.form", "velocity", "optimizer.momentum-correction", "false"));

        SgdSettings sgd = (SgdSettings) recipe.optimizer();
        assertThat(sgd.form()).isEqualTo(Recipe.MomentumForm.VELOCITY);
        assertThat(sgd.momentumCorrection()).isFalse();
    }

    @Test
    void read_missingFile_namesIt(@TempDir Path folder) {
        assertThatThrownBy(() -> Recipe.read(folder.resolve("none.yaml")))
                .isInstanceOf(LockstepException.class)
                .hasMessageContainingAll("no such recipe", "none.yaml");
    }

    @Test
    void read_folderOrBinary_saysSo(@TempDir Path folder) throws Exception {
        Path binary = Files.write(folder.resolve("b.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});

        assertThatThrownBy(() -> Recipe.read(folder))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("cannot be read");
        assertThatThrownBy(() -> Recipe.read(binary))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("not UTF-8");
    }

    private static Arguments bad(String from, String to, String what, String place, String fix) {
        assertThat(GOOD).contains(from);
        String where = place.startsWith(":") ? "test.yaml" + place + "," : place;
        return arguments(GOOD.replaceFirst(Pattern.quote(from), Matcher.quoteReplacement(to)), what, where, fix);
    }
}
