package dev.lockstep.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.schedule.Scaling;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class YamlRecordsTest {
    record Leaf(String text, @Default("1") double number) {}

    record Tree(
            @Default("[]") List<Leaf> leaves,
            @Default("{}") Map<String, Leaf> named,
            @Default("[]") List<String> texts,
            @Default("[]") List<List<Integer>> grid,
            @Default("{}") Map<String, Map<String, String>> variants,
            @Default("{}") Map<String, Double> numbers) {}

    @Provide
    Arbitrary<String> anyText() {
        return Arbitraries.strings()
                .ofMaxLength(20)
                .filter(text -> text.codePoints().noneMatch(c -> c >= 0xd800 && c <= 0xdfff || (c & 0xfffe) == 0xfffe));
    }

    @Property
    void write_anyTexts_areReadBackAsTheyWere(
            @ForAll("anyText") String a, @ForAll("anyText") String b, @ForAll double number) {
        Tree tree = new Tree(
                List.of(new Leaf(a, 2), new Leaf(b, 3)),
                Map.of("k" + a, new Leaf(b, 4), "", new Leaf(a, 5)),
                List.of(a, b),
                List.of(List.of(1, 2), List.of(), List.of(-3)),
                Map.of("v" + b, Map.of(a + "x", b), "w", Map.of()),
                Map.of(a, number));

        assertThat(YamlRecords.read(Tree.class, YamlRecords.write(tree), "test", Map.of()))
                .isEqualTo(tree);
    }

    @Test
    void write_defaults_areReadBack() {
        Tree empty = YamlRecords.read(Tree.class, "", "test", Map.of());

        assertThat(empty.leaves()).isEmpty();
        assertThat(YamlRecords.read(Tree.class, YamlRecords.write(empty), "test", Map.of()))
                .isEqualTo(empty);
    }

    @Test
    void write_listOfRecords_readsLikeAPersonWroteIt() {
        Tree tree = new Tree(List.of(new Leaf("a", 2)), Map.of(), List.of("x", "y z"), List.of(), Map.of(), Map.of());

        assertThat(YamlRecords.write(tree))
                .startsWith("leaves:\n  - text: a\n    number: 2.0\nnamed: {}\ntexts: [x, \"y z\"]\n");
    }

    @Test
    void read_wrongKeyInAnElement_namesItsPath() {
        String yaml = "leaves:\n  - text: a\n  - txt: b\n";

        assertThatThrownBy(() -> YamlRecords.read(Tree.class, yaml, "s.yaml", Map.of()))
                .hasMessage("unknown key 'leaves[1].txt', s.yaml:3, did you mean 'text'?");
    }

    @Test
    void read_endlessAlias_isRefused() {
        String yaml = "variants: &a\n  x: *a\n";

        assertThatThrownBy(() -> YamlRecords.read(Tree.class, yaml, "s.yaml", Map.of()))
                .hasMessageContainingAll("s.yaml", "alias");
    }

    @Provide
    Arbitrary<Recipe> recipes() {
        Arbitrary<Recipe.Rate> rates = Combinators.combine(
                        Arbitraries.doubles().between(1e-6, 100).ofScale(8),
                        Arbitraries.integers().between(1, 1 << 20),
                        Arbitraries.of(Scaling.class),
                        Combinators.combine(
                                        Arbitraries.of(Recipe.WarmupKind.class),
                                        Arbitraries.doubles().between(0, 50).ofScale(4))
                                .as(Recipe.WarmupSettings::new),
                        Arbitraries.of(
                                new Recipe.Schedule(Recipe.ScheduleKind.STEP, List.of(0.5, 30.0, 1e9), 0.1),
                                new Recipe.Schedule(Recipe.ScheduleKind.COSINE, List.of(), 1)))
                .as(Recipe.Rate::new);
        Arbitrary<OptimizerSettings> lars = Combinators.combine(
                        Arbitraries.doubles().between(0, 0.999).ofScale(5),
                        Arbitraries.doubles().between(0, 1).ofScale(7),
                        Arbitraries.doubles().between(1e-6, 1).ofScale(7),
                        Arbitraries.doubles().between(0, 1).ofScale(12))
                .as(LarsSettings::new);
        Arbitrary<OptimizerSettings> sgd = Combinators.combine(
                        Arbitraries.doubles().between(0.01, 0.999).ofScale(5),
                        Arbitraries.of(true, false),
                        Arbitraries.of(Recipe.MomentumForm.class),
                        Arbitraries.of(true, false),
                        Arbitraries.doubles().between(0, 1).ofScale(7),
                        Arbitraries.of(true, false),
                        Arbitraries.of(Recipe.WeightDecayRate.class))
                .as((momentum, nesterov, form, correction, decay, norm, rate) ->
                        new SgdSettings(momentum, nesterov, form, correction, decay, norm, !norm, rate));
        return Combinators.combine(
                        Arbitraries.longs(),
                        Arbitraries.integers().between(1, 65_536),
                        rates,
                        Arbitraries.oneOf(sgd, lars),
                        Arbitraries.maps(Arbitraries.strings().alpha().ofMinLength(1), anyText())
                                .ofMaxSize(3),
                        Arbitraries.doubles().between(1e-9, 1).ofScale(12))
                .as((seed, workers, rate, optimizer, suppress, small) -> new Recipe(
                        "r-1_x.y",
                        seed,
                        90,
                        workers,
                        32,
                        2,
                        Recipe.Engine.ONEDNN,
                        rate.scaling() == Scaling.LINEAR ? Recipe.Precision.BF16 : Recipe.Precision.FLOAT32,
                        new Recipe.Data(
                                "imagenet",
                                Recipe.Augmentation.RANDOM_RESIZED_CROP,
                                224,
                                Recipe.ColorAugmentation.JITTER_AND_LIGHTING),
                        new Recipe.Model("resnet50", 64, false),
                        rate,
                        optimizer,
                        new Recipe.BatchNorm(small, small),
                        new Recipe.Evaluation(50),
                        suppress));
    }

    @Property
    void toYaml_anyRecipe_parsesBackToTheSame(@ForAll("recipes") Recipe recipe) {
        assertThat(RecipeFile.parse(recipe.toYaml(), "test", Map.of())).isEqualTo(recipe);
        assertThat(recipe.with(Map.of())).isEqualTo(recipe);
    }
}
