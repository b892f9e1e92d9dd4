package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.command.PhotographFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command of docs/photographs.md, in its order, in a folder that holds nothing but photographs. */
final class PhotographsPageIT {
    private static final Path PAGE = Path.of("..", "docs", "photographs.md");

    @TempDir
    private Path folder;

    private static List<String> commands() throws IOException {
        return Pattern.compile("(?ms)^```sh\n(.*?)^```")
                .matcher(Files.readString(PAGE))
                .results()
                .flatMap(block -> block.group(1).lines())
                .map(line -> line.replaceFirst("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .toList();
    }

    @Test
    void everyCommand_ofThePage_works() throws IOException, InterruptedException {
        PhotographFiles.write(folder.resolve("photos"), List.of("bird", "flower", "mammal"), 24);
        List<String> commands = commands();
        assertThat(commands).hasSizeGreaterThan(7);
        for (String command : commands) {
            List<String> words = new ArrayList<>(Arrays.asList(command.split("\\s+")));
            assertThat(words.remove(0)).isEqualTo("lockstep");
            if (words.get(0).equals("train")) {
                words.addAll(List.of("--set", "epochs=2"));
            } else if (words.get(0).equals("tune")) {
                words.addAll(List.of("--steps", "12", "--rates", "2", "--from", "0.02", "--to", "0.1"));
            }
            run(words);
        }
        for (String file : List.of("photos.yaml", "sheet.png", "runs/photos/result.json", "photos.pt")) {
            assertThat(folder.resolve(file)).isNotEmptyFile();
        }
        assertThat(folder.resolve("photos.yaml")).content().contains("validation-split: 0.2", "resnet18");
    }

    private void run(List<String> arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.logger=slf4j",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        line.addAll(arguments);
        Path log = folder.resolve("log.txt");
        Process process = new ProcessBuilder(line)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        process.getOutputStream().close();
        try {
            assertThat(process.waitFor(3, TimeUnit.MINUTES))
                    .as(arguments.toString())
                    .isTrue();
            assertThat(process.exitValue())
                    .as(arguments + "\n" + Files.readString(log))
                    .isZero();
        } finally {
            process.destroyForcibly();
        }
    }
}
