package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.YamlRecords;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StudyMarkdownTest {
    private static StudyFile study(String label) {
        return YamlRecords.read(
                StudyFile.class,
                Studies.STUDY.replace("label: kn = 64", "label: \"" + label + "\""),
                "study.yaml",
                Map.of());
    }

    private static StudyResults results(String label) {
        return StudyResults.of(
                study(label),
                List.of(
                        Studies.summary("small", 1, 64, 0.1, 0.1, 0.1),
                        Studies.summary("gradual", 1, 1024, 0.1, 0.1, 0.1),
                        Studies.summary("none", 1, 1024, 0.1, 0.1, 0.1)));
    }

    @Test
    void label_thatIsMarkup_isText() {
        String markdown = results("a|b <img src=x> [c](d) `e` *f*").markdown();
        assertThat(markdown).contains("| a\\|b \\<img src=x> \\[c\\](d) \\`e\\` \\*f\\* |");
        markdown.lines()
                .filter(line -> line.startsWith("|"))
                .forEach(line -> assertThat(line.replace("\\|", "").chars().filter(c -> c == '|'))
                        .as(line)
                        .hasSize(7));
        assertThat(markdown.lines().filter(line -> line.startsWith("- ")))
                .allMatch(line -> !line.contains(" <img") && !line.contains("a|b"));
    }

    @Test
    void label_thatIsAFormula_isTextInTheTable() {
        assertThat(StudyTables.table(results("=cmd|'/c calc'!A0"))).contains(",'=cmd|'/c calc'!A0,");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\e[2J", "\\u202e", "a\\nb"})
    void label_withControlCharacters_isRefused(String label) {
        assertThatThrownBy(() -> study(label))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("must be one line without control characters");
    }

    @Test
    void study_ofTooManyRuns_isRefused() {
        StringBuilder seeds = new StringBuilder("1");
        for (int i = 2; i <= 4000; i++) {
            seeds.append(", ").append(i);
        }
        assertThatThrownBy(() -> YamlRecords.read(
                        StudyFile.class, Studies.STUDY.replace("1, 2, 3", seeds), "study.yaml", Map.of()))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("runs of all variants and seeds = 12000, study.yaml, must be at most 10000");
    }
}
