package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CsvTest {
    @ParameterizedTest
    @ValueSource(strings = {"=cmd", "@SUM(A1)", "+cmd|x", "-2+3", "|x", "%0", "-", "+1+cmd"})
    void text_thatASpreadsheetWouldCompute_staysText(String text) {
        assertThat(new Csv(text)).hasToString("'" + text + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.123", "+1.25", "-1E-5", "0.1 ± 0.2", "–", "a=b", "η̂", "32 × 32", "-1,000"})
    void numberAndText_areAsTheyAre(String text) {
        assertThat(new Csv(text).toString().replace("\"", "")).isEqualTo(text + "\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"'a,b' | '\"a,b\"'", "'a\"b' | '\"a\"\"b\"'", "'=a,b' | '\"''=a,b\"'"})
    void separatorAndQuote_areQuoted(String text, String cell) {
        assertThat(new Csv(text)).hasToString(cell + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\u001bb", "a\u202eb", "\t=cmd", "\r=cmd"})
    void characterThatTerminalsObey_isShown(String text) {
        assertThat(new Csv(text).toString().strip()).doesNotContainPattern("[\\p{Cntrl}\u202e]");
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN})
    void numberThatIsNone_isAnEmptyCell(double none) {
        assertThat(new Csv(none, -1.5, 3)).hasToString(",-1.5,3\n");
    }
}
