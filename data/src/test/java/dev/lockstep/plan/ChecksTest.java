package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChecksTest {
    private static final Path RECIPES = Path.of("../recipes");
    private static final int IMAGENET = Recipes.IMAGENET_IMAGES;

    /** Changes of the paper's 8k recipe: the check that each deserves (and no other), and what its sentence says. */
    static Stream<Arguments> deserving() {
        return Stream.of(
                fires("linear-rule", "= 0.3 / 256 is 3 ×", "learning-rate.reference", "0.3"),
                fires(
                        "linear-rule",
                        "0.1 / 1024 is 0.25 ×",
                        "learning-rate.reference-minibatch",
                        "1024",
                        "workers",
                        "16"),
                fires(
                        "scaling",
                        "scaling = square-root at minibatch = 8192, 32 ×",
                        "learning-rate.scaling",
                        "square-root"),
                fires("scaling", "scaling = none at minibatch = 8192, 32 ×", "learning-rate.scaling", "none"),
                fires("no-warmup", "warmup.kind = none, epochs = 5: training starts at 32 ×", warmup("kind"), "none"),
                fires("no-warmup", "warmup.kind = gradual, epochs = 0: training starts at 32 ×", warmup("epochs"), "0"),
                fires("constant-warmup", "kind = constant: the rate jumps by 32 ×", warmup("kind"), "constant"),
                fires(
                        "warmup-start",
                        "reference-minibatch = 8192: warmup starts at 3.2",
                        "learning-rate.reference-minibatch",
                        "8192",
                        "learning-rate.reference",
                        "3.2"),
                fires(
                        "warmup-long",
                        "warmup.epochs = 28 of epochs = 50",
                        warmup("epochs"),
                        "28",
                        "epochs",
                        "50",
                        decay(),
                        "[30]"),
                fires("warmup-short", "warmup.epochs = 0.5", warmup("epochs"), "0.5"),
                fires(
                        "warmup-iterations",
                        "warmup has 12 iterations",
                        warmup("epochs"),
                        "1",
                        "workers",
                        "256",
                        "size",
                        "100000"),
                fires("epoch-iterations", "iterations per epoch = 9 at minibatch = 8192", "size", "75000"),
                fires("decay-in-warmup", "schedule.epochs = [4.0, 60.0]", decay(), "[4, 60]"),
                fires("decay-after-end", "schedule.epochs = [30.0, 90.0] goes beyond epochs = 90", decay(), "[30, 90]"),
                fires("momentum-correction", "form = velocity with momentum-correction = false", VELOCITY),
                fires(
                        "momentum-correction",
                        "momentum-correction = false while",
                        with(VELOCITY, "workers", "8", "learning-rate.schedule.kind", "cosine")),
                fires("momentum", "optimizer.momentum = 0.95 at minibatch = 8192", "optimizer.momentum", "0.95"),
                fires("decay-norm", "decay-norm = true with weight-decay = 0.0001", "optimizer.decay-norm", "true"),
                fires("images-per-worker", "images-per-worker = 8", "images-per-worker", "8"),
                fires("images-per-worker", "images-per-worker = 128", "images-per-worker", "128", "workers", "64"),
                fires(
                        "images-per-worker-changed",
                        "images-per-worker = 64 at minibatch = 8192",
                        "images-per-worker",
                        "64",
                        "workers",
                        "128"),
                fires("zero-init-residual", "= false at minibatch = 8192", "model.zero-init-residual", "false"),
                fires(
                        "small-network-start",
                        "zero-init-residual = true in model.name = resnet8 with iterations = 195",
                        "model.name",
                        "resnet8",
                        "model.zero-init-residual",
                        "true",
                        "workers",
                        "8",
                        "epochs",
                        "5",
                        decay(),
                        "[3]",
                        "size",
                        "10000"),
                fires("minibatch-limit", "minibatch = 16384 is beyond 8192 on imagenet", "workers", "512"),
                fires(
                        "minibatch-limit",
                        "beyond 2048 on cifar10",
                        "data.dataset",
                        "cifar10",
                        "workers",
                        "128",
                        "size",
                        "50000"),
                fires("dropped-images", "dropped images per epoch = 7000, 7.87 % of", "size", "88920"));
    }

    private static final String[] VELOCITY = {"optimizer.form", "velocity", "optimizer.momentum-correction", "false"};

    @ParameterizedTest(name = "{0}: {3}")
    @MethodSource("deserving")
    void run_recipeThatDeservesIt_findsThatAndNothingElse(String code, String sentence, int size, List<String> keys) {
        List<Finding> findings = Checks.run(Recipes.paper8k(keys.toArray(String[]::new)), size);

        assertThat(findings).extracting(Finding::code).containsExactly(code);
        assertThat(findings.get(0).isWarning()).isTrue();
        assertThat(findings.get(0).sentence()).contains(sentence).contains(" = ");
        assertThat(findings.get(0).fix()).isNotBlank();
        assertThat(findings.get(0).line()).startsWith("[" + code + "] ").contains("(paper, ");
    }

    @Test
    void deserving_table_hasEveryCheck() {
        Set<String> tested = deserving().map(row -> (String) row.get()[0]).collect(Collectors.toSet());

        assertThat(tested)
                .isEqualTo(Arrays.stream(RecipeCheck.values())
                        .map(RecipeCheck::code)
                        .collect(Collectors.toSet()));
    }

    /** Harmless facts and edges of the rules: nothing may be said. */
    static Stream<Arguments> undeserving() {
        return Stream.of(
                silent("the paper's rate times two and one half (Table 2a)", "learning-rate.reference", "0.2"),
                silent("one half", "learning-rate.reference", "0.05"),
                silent(
                        "rule kept with another reference",
                        "learning-rate.reference-minibatch",
                        "512",
                        "learning-rate.reference",
                        "0.2"),
                silent("no scaling at the reference minibatch", "workers", "8", "learning-rate.scaling", "none"),
                silent("no warmup up to 4 ×", "workers", "32", warmup("kind"), "none"),
                silent("constant warmup up to 4 ×", "workers", "32", warmup("kind"), "constant"),
                silent("a warmup that changes nothing may be short", "workers", "8", warmup("epochs"), "0.1"),
                silent("and long", "workers", "8", warmup("epochs"), "80"),
                silent("and decay may fall inside it", "workers", "8", decay(), "[2, 60]"),
                silent("decay at the very end of warmup", decay(), "[5, 60]"),
                silent("velocity with correction", "optimizer.form", "velocity"),
                silent(
                        "velocity at a constant rate",
                        with(VELOCITY, "workers", "8", "learning-rate.schedule.kind", "constant")),
                silent(
                        "no momentum, no correction",
                        with(VELOCITY, "optimizer.momentum", "0", "optimizer.nesterov", "false", "workers", "8")),
                silent("another momentum at the reference", "workers", "8", "optimizer.momentum", "0.95"),
                silent(
                        "LARS has rates of its own",
                        "optimizer",
                        "{kind: lars, momentum: 0.8}",
                        "learning-rate.reference",
                        "0.4",
                        "learning-rate.scaling",
                        "square-root",
                        "workers",
                        "1024"),
                silent("nothing to decay", "optimizer.decay-norm", "true", "optimizer.weight-decay", "0"),
                silent("n = 16 at the reference", "images-per-worker", "16", "workers", "16"),
                silent("γ = 1 up to 1k", "workers", "32", "model.zero-init-residual", "false"),
                silent(
                        "γ = 1 in a network for small images",
                        "model.name",
                        "resnet56",
                        "model.zero-init-residual",
                        "false"),
                silent(
                        "γ = 0 in one that trains for long",
                        "model.name",
                        "resnet56",
                        "model.zero-init-residual",
                        "true"),
                silent("a dataset of the user's own has no known limit", "data.dataset", "own", "workers", "512"),
                silent("validation set that nothing divides", "evaluation.images-per-batch", "77"),
                silent("odd numbers of workers", "workers", "131"),
                silent("seed, threads, name", "seed", "-3", "threads-per-worker", "3", "name", "x"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("undeserving")
    void run_harmlessRecipe_isSilent(String why, List<String> keys) {
        assertThat(Checks.run(Recipes.paper8k(keys.toArray(String[]::new)), IMAGENET))
                .as(why)
                .isEmpty();
    }

    static Stream<Path> shippedRecipes() throws IOException {
        try (Stream<Path> files = Files.list(RECIPES)) {
            return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("shippedRecipes")
    void run_shippedRecipe_isSilent(Path file) {
        Recipe recipe = Recipe.read(file);
        int size = DatasetFacts.of(recipe.data())
                .map(DatasetFacts::trainingImages)
                .orElseGet(() -> Datasets.spec(recipe.data()).trainingImages().orElseThrow());

        assertThat(Checks.run(recipe, size)).filteredOn(Finding::isWarning).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 32, 64, 128, 256})
    void run_papersMinibatches_areSilent(int workers) {
        assertThat(Checks.run(Recipes.paper8k("workers", Integer.toString(workers)), IMAGENET))
                .isEmpty();
    }

    @Test
    void run_manyFaults_findsAllInTheListsOrder() {
        Recipe recipe = Recipes.paper8k(
                "workers",
                "2048",
                warmup("kind"),
                "none",
                "learning-rate.reference",
                "1",
                "optimizer.decay-norm",
                "true");

        assertThat(Checks.run(recipe, IMAGENET))
                .extracting(Finding::check)
                .containsExactlyElementsOf(EnumSet.of(
                        RecipeCheck.LINEAR_RULE,
                        RecipeCheck.NO_WARMUP,
                        RecipeCheck.DECAY_NORM,
                        RecipeCheck.MINIBATCH_LIMIT));
    }

    @Test
    void run_suppressedCheck_isListedWithItsReasonAndNoWarning() {
        Recipe recipe = Recipes.paper8k(warmup("kind"), "none", "suppress.no-warmup", "Table 1 shows what it costs");

        List<Finding> findings = Checks.run(recipe, IMAGENET);

        assertThat(findings).hasSize(1);
        assertThat(findings.get(0).isWarning()).isFalse();
        assertThat(findings.get(0).suppressed()).contains("Table 1 shows what it costs");
        assertThat(findings.get(0).line()).endsWith("Suppressed: Table 1 shows what it costs");
        Checks.requireNoWarnings(findings);
    }

    @Test
    void run_unknownSuppressedCode_isARecipeError() {
        assertThatThrownBy(() -> Checks.run(Recipes.paper8k("suppress.no-warmpu", "x"), IMAGENET))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith(
                        "suppress.no-warmpu is not a check, use one of linear-rule, scaling, no-warmup");
    }

    @Test
    void run_suppressWithoutReason_isARecipeError() {
        assertThatThrownBy(() -> Checks.run(Recipes.paper8k("suppress.no-warmup", "' '"), IMAGENET))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("write the reason");
    }

    @Test
    void run_minibatchLargerThanDataset_isARecipeError() {
        assertThatThrownBy(() -> Checks.run(Recipes.paper8k(), 8000))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("larger than the dataset");
    }

    @Test
    void requireNoWarnings_warnings_namesAllOfThem() {
        Recipe recipe = Recipes.paper8k(warmup("kind"), "none", "optimizer.decay-norm", "true");

        assertThatThrownBy(() -> Checks.requireNoWarnings(Checks.run(recipe, IMAGENET)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith("strict mode: 2 checks fail: no-warmup, decay-norm, ")
                .hasMessageEndingWith("suppress a check with 'suppress: {no-warmup: reason}'");
    }

    @Test
    void document_checksMd_isTheListItself() throws IOException {
        Path document = Path.of("../docs/checks.md");
        if (Boolean.getBoolean("lockstep.update")) {
            Files.writeString(document, document());
        }

        assertThat(Files.readString(document))
                .as("docs/checks.md is stale: run this test with -Dlockstep.update=true")
                .isEqualTo(document());
    }

    private static String document() {
        StringBuilder out = new StringBuilder("""
                # The checks of a recipe

                `lockstep plan` and `lockstep train` warn of recipes that are legal, train, and are known to cost accuracy or \
                time. `--strict` makes
                the warnings errors. A recipe suppresses one with a reason, which the plan then shows:

                ```yaml
                suppress:
                  no-warmup: this run shows what the warmup is good for
                ```

                Sections, tables and figures are those of Goyal et al. 2017 (arXiv 1706.02677); errors are ImageNet top-1 \
                validation errors.

                | code | warns when | because | paper |
                | --- | --- | --- | --- |
                """);
        for (RecipeCheck check : RecipeCheck.values()) {
            out.append("| `")
                    .append(check.code())
                    .append("` | ")
                    .append(check.firesWhen())
                    .append(" | ")
                    .append(check.why())
                    .append(" | ")
                    .append(check.source().replace("paper, ", ""))
                    .append(" |\n");
        }
        return out.toString();
    }

    private static String warmup(String key) {
        return "learning-rate.warmup." + key;
    }

    private static String decay() {
        return "learning-rate.schedule.epochs";
    }

    private static String[] with(String[] keys, String... more) {
        return Stream.concat(Arrays.stream(keys), Arrays.stream(more)).toArray(String[]::new);
    }

    /** The pseudo-key {@code size} sets the dataset's size. */
    private static Arguments fires(String code, String sentence, String... keysAndValues) {
        List<String> keys = List.of(keysAndValues);
        int at = keys.indexOf("size");
        int size = at < 0 ? IMAGENET : Integer.parseInt(keys.get(at + 1));
        List<String> rest = at < 0
                ? keys
                : Stream.concat(keys.subList(0, at).stream(), keys.subList(at + 2, keys.size()).stream())
                        .toList();
        return arguments(code, sentence, size, rest);
    }

    private static Arguments silent(String why, String... keysAndValues) {
        return arguments(why, List.of(keysAndValues));
    }
}
