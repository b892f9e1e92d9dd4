package dev.lockstep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SparkDocumentTest {
    private static final Path ROOT = Path.of("..");

    private static String spaced(Path file) throws IOException {
        return Files.readString(file).replaceAll("\\s+", " ");
    }

    @Test
    void javaExample_isCompiled() throws IOException {
        Matcher example = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve("docs/spark.md")));
        assertThat(example.find()).isTrue();
        assertThat(spaced(ROOT.resolve("spark/src/test/java/dev/lockstep/spark/TrainOnSpark.java")))
                .contains(example.group(1).strip().replaceAll("\\s+", " "));
    }
}
