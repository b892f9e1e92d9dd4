package dev.lockstep.errors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SpellingTest {
    @ParameterizedTest
    @CsvSource({"'', '', 0", "abc, '', 3", "train, train, 0", "trian, train, 1", "trai, train, 1", "kitten, sitting, 3"
    })
    void distance_countsInsertedRemovedReplacedAndSwappedLetters(String a, String b, int distance) {
        assertThat(Spelling.distance(a, b)).isEqualTo(distance);
        assertThat(Spelling.distance(b, a)).isEqualTo(distance);
    }

    @Test
    void suggestion_isWithinReason() {
        List<String> known = List.of("train", "tune", "data");
        assertThat(Spelling.suggestion("trian", known)).isEqualTo("did you mean 'train'? ");
        assertThat(Spelling.suggestion("dtaa", known)).isEqualTo("did you mean 'data'? ");
        assertThat(Spelling.suggestion("publish", known)).isEmpty();
    }
}
