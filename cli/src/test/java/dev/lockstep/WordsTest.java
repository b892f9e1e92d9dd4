package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps words out of the main sources, resources and scripts for which the project has chosen others. */
final class WordsTest {
    private static final Path ROOT = Path.of("..");

    /** British spellings, and other words for fix, suppress and deregister. */
    static final Pattern UNWANTED = Pattern.compile(
            "\\b(behaviour|catalogue|centre|colour|favour|grey|honour|neighbour)"
                    + "|\\b(initial|normal|optim|organ|quant|serial|synchron|summar)is(e|ed|es|ing|ation)\\b"
                    + "|\\bmend(s|ed|ing)?\\b|\\bsilenc(ed|ing)\\b|\\bt(ake|akes|ook|aken) leave\\b",
            Pattern.CASE_INSENSITIVE);

    @Test
    void sources_everyLine_usesTheChosenWords() throws IOException {
        List<Path> sources = sources();
        assertThat(sources).hasSizeGreaterThan(300);
        assertThat(sources.stream()
                        .filter(file -> !file.endsWith("KeySuggestion.java")) // Lists recipe keys that were renamed.
                        .flatMap(WordsTest::unwanted))
                .isEmpty();
    }

    @Test
    void unwanted_britishSpelling_isFound() {
        assertThat(UNWANTED.matcher("The Behaviour of it").find()).isTrue();
        assertThat(UNWANTED.matcher("normalised").find()).isTrue();
        assertThat(UNWANTED.matcher("normalized color, a recommended amendment").find())
                .isFalse();
    }

    /** Everything below a module's {@code src/main}, and the scripts, recipes and studies. */
    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>(List.of(ROOT.resolve("lockstep")));
        for (Path folder : list(ROOT, Files::isDirectory)) {
            sources.addAll(list(folder, file -> file.toString().matches(".*\\.(sh|py|yaml)")));
            if (Files.isDirectory(folder.resolve("src/main"))) {
                try (Stream<Path> files = Files.walk(folder.resolve("src/main"))) {
                    files.filter(Files::isRegularFile).forEach(sources::add);
                }
            }
        }
        return sources;
    }

    private static List<Path> list(Path folder, Predicate<Path> wanted) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(wanted).sorted().toList();
        }
    }

    private static Stream<String> unwanted(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            return Stream.of(); // Not text.
        }
        return IntStream.range(0, lines.size())
                .filter(i -> UNWANTED.matcher(lines.get(i)).find())
                .mapToObj(i -> file + ":" + (i + 1) + ": " + lines.get(i).strip());
    }
}
