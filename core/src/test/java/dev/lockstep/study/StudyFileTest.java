package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StudyFileTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Test
    void read_resolvesEveryVariant() {
        Study study = Studies.study(folder);
        assertThat(study.recipe("gradual").minibatch()).isEqualTo(1024);
        assertThat(study.recipe("gradual").model().width()).isEqualTo(8);
        assertThat(study.recipe("gradual").name()).isEqualTo("table-gradual");
        assertThat(study.file().questions().get(2).afterEpoch()).isEqualTo(3);
        assertThat(study.grid(folder)).hasSize(9);
        StudyRun first = study.grid(folder).get(0);
        assertThat(first.folder()).isEqualTo(folder.resolve("runs/small/seed-1"));
        assertThat(study.grid(folder).get(3).recipe().seed()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "workers: 32, | workerz: 32, | workerz",
                "margin-points: 0.5 | margin-points: 0 | margin-points = 0.0",
                "margin-points: 0.5 | margin: 0.5 | unknown key 'questions[0].margin'",
                "variant: none, | variant: nine, | variant: nine",
                "seeds: [1, 2, 3] | seeds: [1, 2, 1] | seeds must be distinct",
                "seeds: [1, 2, 3] | seeds: [] | at least one seed",
                "after-epoch: 3 | after-epoch: 6 | after-epoch = 6",
                "kind: matches | kind: equals | must be one of matches, worse-than, curves-coincide, elbow",
                "recipe: base.yaml | recipe: bose.yaml | bose.yaml",
                "- name: none | - name: small | variant names must be unique",
                "baseline: small} | baseline: none} | must differ from the baseline"
            })
    void read_ofAMistake_namesIt(String right, String wrong, String message) {
        String study = Studies.STUDY;
        assertThat(study).contains(right);
        Path file = Studies.write(folder, study.replace(right, wrong));
        assertThatThrownBy(() -> Study.read(file))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(((LockstepException) e).exitCode()).isEqualTo(2));
    }

    @Test
    void read_ofAWrongVariant_namesTheVariant() {
        Path file = Studies.write(folder, Studies.STUDY.replace("{workers: 32}", "{workers: 0}"));
        assertThatThrownBy(() -> Study.read(file))
                .hasMessageContaining("workers = 0")
                .hasMessageContaining("variant = gradual");
    }
}
