package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the README says of the command line. */
final class ReadmeTest {
    private final CommandLine line = Commands.addTo(new CommandLine(new Main()));

    @Test
    void table_namesEveryCommand() throws IOException {
        Set<String> shown = found("(?m)^\\| `lockstep ([a-z]+)");
        Set<String> commands = new TreeSet<>(line.getSubcommands().keySet());
        assertThat(shown).containsExactlyElementsOf(commands);
    }

    @Test
    void examples_useCommandsAndOptionsThatExist() throws IOException {
        Matcher example = Pattern.compile("\\./lockstep ([a-z]+)([^#`\n]*)").matcher(readme());
        int examples = 0;
        while (example.find()) {
            examples++;
            String[] words = example.group(2).trim().split("\\s+");
            CommandLine group = line.getSubcommands().get(example.group(1));
            assertThat(group).as(example.group()).isNotNull();
            CommandLine command = group.getSubcommands().getOrDefault(words[0], group);
            Arrays.stream(words)
                    .filter(word -> word.startsWith("--"))
                    .forEach(option -> assertThat(command.getCommandSpec().findOption(option))
                            .as(example.group())
                            .isNotNull());
        }
        assertThat(examples).isGreaterThan(5);
    }

    private static Set<String> found(String pattern) throws IOException {
        Set<String> names = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(readme());
        while (matcher.find()) {
            names.add(matcher.group(1));
        }
        return names;
    }

    private static String readme() throws IOException {
        return Files.readString(Path.of("..", "README.md"));
    }
}
