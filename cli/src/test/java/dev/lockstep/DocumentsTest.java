package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documents at the root say of the code and of each other. */
final class DocumentsTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)|(?:src|srcset)=\"([^\":]+)\"");

    @Test
    void readme_javaExample_isTheCompiledSample() throws IOException {
        String sample =
                Files.readString(ROOT.resolve("examples/src/main/java/dev/lockstep/samples/TrainFromJava.java"));
        Matcher marked = Pattern.compile("    // README begins\n(.*)    // README ends", Pattern.DOTALL)
                .matcher(sample);
        assertThat(marked.find()).isTrue();
        String shown = "```java\n" + marked.group(1).replaceAll("(?m)^ {4}", "") + "```";
        assertThat(Files.readString(ROOT.resolve("README.md"))).contains(shown);
    }

    @ParameterizedTest
    @ValueSource(strings = {"imagenet-resnet50-256", "imagenet-resnet50-8k", "imagenet-resnet101-8k"})
    void recipeOfThePaper_everyLine_saysWhereItIsFrom(String name) throws IOException {
        assertThat(Files.readAllLines(ROOT.resolve("recipes/" + name + ".yaml")))
                .hasSizeGreaterThan(30)
                .allMatch(line -> line.matches("#.*|[^#]+# .*([Ss]ection \\d|Table \\d|Eq\\. \\d|ours: ).*"));
    }

    static List<Path> documents() throws IOException {
        try (var files = Files.list(ROOT)) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void document_relativeLinks_leadToFiles(Path document) throws IOException {
        List<String> broken = new ArrayList<>();
        Matcher links = LINK.matcher(Files.readString(document));
        while (links.find()) {
            String target = links.group(1) == null ? links.group(2) : links.group(1);
            if (!Files.exists(ROOT.resolve(target))) {
                broken.add(target);
            }
        }
        assertThat(broken).isEmpty();
    }
}
