package dev.lockstep.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.launch.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class WrappingTest {
    @Test
    void wrap_breaksBetweenWordsOnly() {
        assertThat(Wrapping.wrap("one two three", 20, "  ")).isEqualTo("one two three");
        assertThat(Wrapping.wrap("one two three", 8, "  ")).isEqualTo("one two\n  three");
        assertThat(Wrapping.wrap("  --x  aaaa bbbb cccc", 12, "       "))
                .isEqualTo("  --x  aaaa\n       bbbb\n       cccc");
        assertThat(Wrapping.wrap("/a/very/long/path and more", 8, "  ")).isEqualTo("/a/very/long/path\n  and\n  more");
        assertThat(Wrapping.wrap("/a/very/long/path", 8, "  ")).isEqualTo("/a/very/long/path");
    }

    @Test
    void lines_continueBelowWhatFollowsTheHeading() {
        assertThat(Wrapping.lines("Memory         weights and gradients\n  rank 0: workers 0\n", 26))
                .isEqualTo("Memory         weights and\n               gradients\n  rank 0: workers 0\n");
        assertThat(Wrapping.lines("    one two three", 12)).isEqualTo("    one two\n    three\n");
        assertThat(Wrapping.lines("one two three", 8)).isEqualTo("one two\n  three\n");
        assertThat(Wrapping.lines("  ok    Java      17.0.15 of Debian", 30))
                .isEqualTo("  ok    Java      17.0.15 of\n                  Debian\n");
        assertThat(Wrapping.lines("  ok    Java      /a/path/that/is/long of Debian", 30))
                .isEqualTo("  ok    Java\n        /a/path/that/is/long\n        of Debian\n");
        assertThat(Wrapping.lines("rate │ ▁▂▃ ▅▆▇│", 8)).isEqualTo("rate │ ▁▂▃ ▅▆▇│\n");
        for (String command : List.of("  lockstep help train", "to resume: lockstep train run/recipe.yaml --out run")) {
            assertThat(Wrapping.lines(command, 8)).isEqualTo(command + "\n");
        }
    }

    private static String printed(boolean interactive, String line) {
        return printed(interactive, stream -> stream.println(line));
    }

    private static String printed(boolean interactive, Consumer<PrintStream> printing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream plain = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        printing.accept(new PrintableStream(plain, () -> new Terminal(interactive, 60)));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void text_onATerminal_isWrapped_butNotADocumentOrAPartOfALine() {
        String text = "calibration error 29.23 points (mean confidence 69.52 %) of all images\nloss 0.4\n";
        assertThat(printed(true, stream -> stream.print(text)))
                .isEqualTo("calibration error 29.23 points (mean confidence 69.52 %) of\n  all images\nloss 0.4\n");
        String document = "{\n  \"name\": \"a long text that has more than sixty characters, and some more\"\n}\n";
        String part = text.strip().replace('\n', ' ');
        for (String whole : List.of(document, part)) {
            assertThat(printed(true, stream -> stream.print(whole))).isEqualTo(whole);
        }
        assertThat(printed(true, stream -> stream.printf(Locale.ROOT, "%s", text)))
                .isEqualTo(printed(true, stream -> stream.print(text)));
        assertThat(printed(false, stream -> stream.print(text))).isEqualTo(text);
    }

    @Test
    void message_onATerminal_isWrapped_andIsOneLineElsewhere() {
        String error =
                "error: no such recipe, file = none.yaml, give one that exists, or write it with 'lockstep init'";
        assertThat(printed(true, error))
                .isEqualTo("error: no such recipe, file = none.yaml, give one that\n"
                        + "  exists, or write it with 'lockstep init'\n");
        assertThat(printed(false, error)).isEqualTo(error + "\n");
    }

    @Test
    void document_isOneLineOnATerminalToo() {
        String json = "{\"status\": \"completed\", \"weights\": \"0123456789abcdef0123456789abcdef0123456789abcdef\"}";
        assertThat(printed(true, json)).isEqualTo(json + "\n");
    }
}
