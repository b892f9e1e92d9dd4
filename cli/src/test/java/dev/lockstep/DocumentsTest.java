package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documents say about the code and about each other, and the words they use. */
final class DocumentsTest {
    private static final Path ROOT = Path.of("..");
    private static final Path SAMPLES = ROOT.resolve("examples/src/main/java/dev/lockstep/samples");
    private static final Pattern LINK =
            Pattern.compile("\\]\\(([^)#:]*)(?:#([^):]*))?\\)|(?:src|srcset)=\"([^\":]+)\"");
    private static final Pattern CODE = Pattern.compile("(?ms)^ *```.*?^ *```|`[^`]*`");
    /** Words that have a plainer standard word here, and "a" where "per" is meant; those of the code as well. */
    private static final Pattern NOT_PLAIN = Pattern.compile("(?i)" + WordsTest.UNWANTED
            + "|\\b(rooms?|silence|(the|its|trainer's) books|go(es|ing)? on|went on|contributions?|in force|whoever"
            + "|\\d+ (ms|s|KiB|MB|MiB|images|steps|hours?|minutes) an? "
            + "(epoch|step|image|worker|core|process|class|second|minute))\\b");

    @Test
    void readme_javaExample_isTheCompiledSample() throws IOException {
        String sample = Files.readString(SAMPLES.resolve("TrainFromJava.java"));
        Matcher marked = Pattern.compile("    // README begins\n(.*)    // README ends", Pattern.DOTALL)
                .matcher(sample);
        assertThat(marked.find()).isTrue();
        String shown = "```java\n" + marked.group(1).replaceAll("(?m)^ {4}", "") + "```";
        assertThat(Files.readString(ROOT.resolve("README.md"))).contains(shown);
    }

    /** A marked block is a part of a program that the tests compile and run, however it is wrapped. */
    @Test
    void extending_markedSamples_areCompiled() throws IOException {
        Matcher samples = Pattern.compile("<!-- sample: (\\w+\\.java) -->\n```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve("docs/extending.md")));
        int found = 0;
        while (samples.find()) {
            found++;
            String program = Files.readString(SAMPLES.resolve(samples.group(1)));
            assertThat(program.replaceAll("\\s+", " "))
                    .as(samples.group(1))
                    .contains(samples.group(2).strip().replaceAll("\\s+", " "));
        }
        assertThat(found).isPositive();
    }

    @Test
    void readme_length_isAtMost110Lines() throws IOException {
        assertThat(Files.readAllLines(ROOT.resolve("README.md"))).hasSizeLessThanOrEqualTo(110);
    }

    @ParameterizedTest
    @ValueSource(strings = {"imagenet-resnet50-256", "imagenet-resnet50-8k", "imagenet-resnet101-8k"})
    void recipeOfThePaper_everyLine_saysWhereItIsFrom(String name) throws IOException {
        assertThat(Files.readAllLines(ROOT.resolve("recipes/" + name + ".yaml")))
                .hasSizeGreaterThan(30)
                .allMatch(line -> line.matches("#.*|[^#]+# .*([Ss]ection \\d|Table \\d|Eq\\. \\d|ours: ).*"));
    }

    static List<Path> documents() throws IOException {
        return files(".md");
    }

    static List<Path> documentsAndYaml() throws IOException {
        return Stream.concat(files(".md").stream(), files(".yaml").stream()).toList();
    }

    private static List<Path> files(String ending) throws IOException {
        List<Path> found = new ArrayList<>();
        for (String folder : List.of("docs", ".github", "recipes", "studies")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
                files.filter(Files::isRegularFile).forEach(found::add);
            }
        }
        try (Stream<Path> files = Files.list(ROOT)) {
            files.filter(Files::isRegularFile).forEach(found::add);
        }
        return found.stream()
                .filter(file -> file.toString().endsWith(ending))
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void document_links_leadToFilesAndHeadings(Path document) throws IOException {
        List<String> broken = new ArrayList<>();
        Matcher links = LINK.matcher(CODE.matcher(Files.readString(document)).replaceAll("code"));
        while (links.find()) {
            String path = links.group(1) == null ? links.group(3) : links.group(1);
            Path target = path.isEmpty() ? document : document.resolveSibling(path);
            boolean leads = Files.exists(target)
                    && (links.group(2) == null || headings(target).contains(links.group(2)));
            if (!leads) {
                broken.add(links.group());
            }
        }
        assertThat(broken).isEmpty();
    }

    /** The anchors of a document's headings, as GitHub makes them. */
    private static Set<String> headings(Path document) throws IOException {
        return Pattern.compile("(?m)^#+ (.*)$")
                .matcher(Files.readString(document))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @MethodSource("documentsAndYaml")
    void document_words_areThePlainOnes(Path document) throws IOException {
        // What Lockstep prints is quoted in code.
        String prose = CODE.matcher(Files.readString(document)).replaceAll("code");
        assertThat(NOT_PLAIN.matcher(prose).results().map(found -> found.group()))
                .isEmpty();
    }

    @Test
    void plainWords_sentencesOfBefore_areFound() {
        assertThat(Stream.of(
                        "how to mend it",
                        "A room is a package",
                        "and goes on",
                        "2 s an epoch",
                        "32 images a worker",
                        "its contribution"))
                .allMatch(sentence -> NOT_PLAIN.matcher(sentence).find());
    }
}
