package dev.lockstep.errors;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PrintableTest {
    @ParameterizedTest
    @CsvSource({
        "1b, \\x1b",
        "07, \\x07",
        "0a, \\x0a",
        "0d, \\x0d",
        "09, \\x09",
        "7f, \\u007f",
        "9b, \\u009b",
        "202e, \\u202e",
        "2066, \\u2066",
        "2069, \\u2069",
        "2028, \\u2028",
        "2029, \\u2029",
        "200f, \\u200f",
        "feff, \\ufeff",
        "d800, \\ud800",
        "dc00, \\udc00"
    })
    void of_characterThatMovesTheCursorOrTheReader_isShownAsAnEscape(String code, String escape) {
        String text = "a" + (char) Integer.parseInt(code, 16) + "b";
        assertThat(Printable.of(text)).isEqualTo("a" + escape + "b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "plain", "η̂ = 0.1, 3×32×32 – Größe", "名前", "😀", "back\\slash", "non breaking"})
    void of_ordinaryText_isTheSame(String text) {
        assertThat(Printable.of(text)).isSameAs(text);
    }

    @Test
    void of_longText_keepsStartAndEnd() {
        String shown = Printable.of("start" + "x".repeat(3_000_000) + "end");
        assertThat(shown).hasSize(500).startsWith("startxxx").contains(" … ").endsWith("xxxend");
    }

    @Test
    void of_longTextOfSurrogatePairs_splitsNone() {
        for (int offset = 0; offset < 4; offset++) {
            assertThat(Printable.of("x".repeat(offset) + "😀".repeat(400))).doesNotContain("\\ud");
        }
    }

    @Property
    void of_anyText_isShortPrintableAndStable(@ForAll String text) {
        String shown = Printable.of(text + text, 60);
        assertThat(shown.length()).isLessThanOrEqualTo(60);
        assertThat(shown.chars()).noneMatch(Character::isISOControl);
        assertThat(Printable.of(shown, 60)).isEqualTo(shown);
    }

    @Test
    void lines_text_keepsLineBreaks() {
        assertThat(Printable.lines("a\n\tb\r\n\u001b[2J")).isEqualTo("a\n\tb\r\n\\x1b[2J");
    }

    @Test
    void message_anyParts_isOneBoundedLineThatKeepsTheFix() {
        String wild = "\u001b[31mred\u202e" + "x".repeat(5_000_000);
        LockstepException failure = LockstepException.data("bad " + wild, "file = " + wild, "give another file");
        assertThat(failure.getMessage())
                .hasSizeLessThanOrEqualTo(2000)
                .startsWith("bad \\x1b[31mred\\u202exxx")
                .endsWith("xxx, give another file");
        assertThat(failure.whatAndWhere()).hasSizeLessThanOrEqualTo(2000).doesNotContain("\u001b", "\u202e");
    }

    @Test
    void message_hugeFix_isShortenedToo() {
        assertThat(LockstepException.data("a", "b", "use " + "x".repeat(10_000)).getMessage())
                .hasSizeLessThanOrEqualTo(2000)
                .startsWith("a, b, use xxx");
    }
}
