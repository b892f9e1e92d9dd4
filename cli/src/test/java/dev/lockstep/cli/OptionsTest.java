package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.command.DataOption;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What all options of all commands have in common. */
final class OptionsTest {
    private record Declared(String command, String name, Field field, String shown) {
        @Override
        public String toString() {
            return command + " " + name;
        }

        Option option() {
            return field.getAnnotation(Option.class);
        }
    }

    /** Those that a field declares, with what the help shows of each. */
    static Stream<Declared> options() {
        List<Declared> found = new ArrayList<>();
        collect(Commands.addTo(new CommandLine(new Main())), found);
        return found.stream();
    }

    private static void collect(CommandLine line, List<Declared> found) {
        CommandSpec spec = line.getCommandSpec();
        spec.options().forEach(option -> {
            if (option.userObject() instanceof Field field) {
                found.add(new Declared(
                        spec.qualifiedName(), option.longestName(), field, String.join(" ", option.description())));
            }
        });
        line.getSubcommands().values().forEach(command -> collect(command, found));
    }

    /** A second place would say something else one day. */
    @Test
    void default_isWrittenInTheFieldAlone() {
        assertThat(options()).hasSizeGreaterThan(50).allSatisfy(OptionsTest::assertDefaultOnce);
    }

    private static void assertDefaultOnce(Declared declared) {
        assertThat(declared.option().defaultValue()).isEqualTo("__no_default_value__");
        assertThat(String.join(" ", declared.option().description()))
                .doesNotContainPattern("[Dd]efault:? \\d+(\\.\\d+)?(\\)| times)|default\\)");
        assertThat(declared.shown).doesNotContain("null", "${");
    }

    @Test
    void data_isDescribedOnce() {
        assertThat(options().filter(declared -> declared.shown.startsWith("Folder of the dataset ")))
                .hasSizeGreaterThan(4)
                .allSatisfy(declared ->
                        assertThat(declared.field.getDeclaringClass()).isEqualTo(DataOption.class));
    }
}
