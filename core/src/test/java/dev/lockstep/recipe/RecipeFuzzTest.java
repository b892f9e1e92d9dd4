package dev.lockstep.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class RecipeFuzzTest {
    private static final String MINIMAL =
            "{name: a, epochs: 1, workers: 2, data: {dataset: synthetic}, model: {name: resnet8}}\n";

    static Stream<Arguments> recipes() throws IOException {
        List<Path> shipped;
        try (var files = Files.list(Path.of("../recipes"))) {
            shipped = files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
        Stream<String> broken = Stream.of(
                MINIMAL,
                MINIMAL.replace("a,", "\"\\ud800\","),
                MINIMAL + "suppress: {\"\\u202e\": \"\\u001b\"}",
                "a: &a [*a]",
                "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]",
                "? [a, b]\n: c",
                "- ".repeat(70),
                "{".repeat(70),
                "--- a\n--- b",
                "%YAML 9.9\n---\na: !!binary x",
                "a: |\n  text\n\tb",
                "\ufeffname: a",
                "");
        return Stream.concat(
                shipped.stream().map(file -> {
                    try {
                        return arguments((Object) Files.readAllBytes(file));
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                }),
                broken.map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8))));
    }

    /** Whatever the text, it is a recipe that is written and read back the same, or it is refused. */
    @MethodSource("recipes")
    @FuzzTest(maxDuration = "60s")
    void anyText_isARecipeOrRefused(byte[] bytes) {
        try {
            Recipe recipe = RecipeFile.parse(new String(bytes, StandardCharsets.UTF_8), "fuzz", Map.of());
            assertThat(RecipeFile.parse(recipe.toYaml(), "again", Map.of())).isEqualTo(recipe);
        } catch (LockstepException e) {
            assertRefusal(e);
        }
    }

    static Stream<Arguments> overrides() {
        return Stream.of(
                        "workers=16",
                        "learning-rate.warmup.kind=none",
                        "learning-rate.schedule.epochs=[1, 2.5]",
                        "suppress={a: b}",
                        "suppress.a.b=c",
                        "a" + ".a".repeat(100) + "=1",
                        "workers=" + "[".repeat(100),
                        "name='\u001b'",
                        "=",
                        "..=x",
                        "data=&a {dataset: *a}")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whatever is set, by lines of KEY=VALUE. */
    @MethodSource("overrides")
    @FuzzTest(maxDuration = "60s")
    void anyOverride_isTakenOrRefused(byte[] bytes) {
        Map<String, String> overrides = new LinkedHashMap<>();
        new String(bytes, StandardCharsets.UTF_8).lines().forEach(line -> {
            String[] parts = line.split("=", 2);
            overrides.put(parts[0], parts.length > 1 ? parts[1] : "");
        });
        try {
            RecipeFile.parse(MINIMAL, "fuzz", overrides);
        } catch (LockstepException e) {
            assertRefusal(e);
        }
    }

    private static void assertRefusal(LockstepException e) {
        assertThat(e.kind()).isEqualTo(LockstepException.Kind.RECIPE);
        assertThat(e.getMessage()).hasSizeLessThanOrEqualTo(2000).doesNotContainPattern("\\p{Cntrl}");
    }
}
