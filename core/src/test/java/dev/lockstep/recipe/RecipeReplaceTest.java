package dev.lockstep.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lockstep.errors.LockstepException;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One value of a recipe's text exchanged for another, or added. */
class RecipeReplaceTest {
    private static final String KEY = "learning-rate.reference";

    private static String replace(String yaml) {
        return RecipeFile.set(yaml, "mine.yaml", KEY, "0.4");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "learning-rate:\n  reference: 0.1              # \u03b7 \uD83D\uDE80\n  scaling: linear\n",
                "# \uD83D\uDE80 0.1\nname: x  # reference: 0.1\nlearning-rate: {scaling: none, reference: 0.1, x: [0.1]}",
                "\uFEFF# a mark before\r\nlearning-rate:\r\n\r\n    \"reference\" :   0.1\r\n",
                "reference: 0.1\nwarmup: {reference: 0.1}\nlearning-rate:\n  reference: 0.1",
                "learning-rate:\n  reference:\n    # on a line of its own\n    0.1\n\n",
                "---\nlearning-rate:\n  reference-minibatch: 0.1\n  reference: 0.1\n...\n",
            })
    void replace_plainValue_changesNothingElse(String yaml) {
        int place = yaml.equals(yaml.replace("x: [0.1]", "")) ? yaml.lastIndexOf("0.1") : yaml.indexOf("0.1, x");
        assertThat(replace(yaml)).isEqualTo(yaml.substring(0, place) + "0.4" + yaml.substring(place + 3));
    }

    @Test
    void replace_ofARecipe_isTheRecipeWithTheKeySet() {
        String yaml = """
                name: x      # 0.1
                epochs: 1
                workers: 2
                data: {dataset: mnist}
                model: {name: resnet8}
                learning-rate: {reference: 1e-1}
                """;
        assertThat(RecipeFile.parse(replace(yaml), "test", Map.of()))
                .isEqualTo(RecipeFile.parse(yaml, "test", Map.of(KEY, "0.4")));
    }

    static Stream<Arguments> missing() {
        return Stream.of(
                arguments("name: x", "name: x\nlearning-rate: {reference: 0.4}\n"),
                arguments("", "learning-rate: {reference: 0.4}\n"),
                arguments(
                        "learning-rate:\n    # why\n    scaling: none   # so\nname: x\n",
                        "learning-rate:\n    # why\n    reference: 0.4\n    scaling: none   # so\nname: x\n"),
                arguments(
                        "learning-rate: {scaling: none} # \uD83D\uDE80\n",
                        "learning-rate: {reference: 0.4, scaling: none} # \uD83D\uDE80\n"),
                arguments("learning-rate: {}\n", "learning-rate: {reference: 0.4}\n"),
                arguments("{name: x}\n", "{learning-rate: {reference: 0.4}, name: x}\n"));
    }

    @ParameterizedTest
    @MethodSource("missing")
    void set_missingKey_isAddedAndNothingElseChanges(String before, String after) {
        assertThat(replace(before)).isEqualTo(after);
        assertThat(replace(before.replace("\n", "\r\n")))
                .isEqualTo(before.contains("\n") ? after.replace("\n", "\r\n") : after);
    }

    @Test
    void set_missingKeyWhereNothingCanBeAdded_saysWhatToWriteWhere() {
        assertRefused(
                "---\nname: x\n...\n",
                "does not contain " + KEY + ", mine.yaml, add the line 'learning-rate: {reference: 0.4}'");
        assertRefused(
                "name: x\nlearning-rate: &rate\n  scaling: none\n",
                KEY + ", mine.yaml:2, write into 'learning-rate' there: 'reference: 0.4'");
        assertRefused("learning-rate: none\n", "write into 'learning-rate' there: 'reference: 0.4'");
    }

    @Test
    void replace_valueThatIsSharedOrQuoted_isLeftToTheAuthor() {
        String fix = KEY + " is not written as a plain value, mine.yaml:2, write '0.4' there by hand";
        assertRefused("learning-rate:\n  reference: &rate 0.1\nx: *rate", fix);
        assertRefused("x: {y: &rate 0.1, learning: 1}\nlearning-rate: {reference: *rate}", fix);
        assertRefused("learning-rate:\n  reference: !!float 0.1", fix);
        assertRefused("learning-rate:\n  reference: '0.1'", fix);
        assertRefused("learning-rate:\n  reference: [0.1]", fix);
    }

    private static void assertRefused(String yaml, String message) {
        assertThatThrownBy(() -> replace(yaml))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1);
    }
}
