package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.command.ReportCommand;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** What the command line says to somebody who asks, or has mistyped. */
final class MannersTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trian recipe.yaml | unknown command 'trian', did you mean 'train'? see 'lockstep --help'",
                "publish | unknown command 'publish', see 'lockstep --help'",
                "data inspct | unknown command 'inspct', did you mean 'inspect'? see 'lockstep data --help'",
                "train x.yaml --otu=a | unknown option '--otu', did you mean '--out'? see 'lockstep train --help'",
                "train x.yaml --publish | unknown option '--publish', see 'lockstep train --help'",
                "runs --classpath a.jar | --classpath = a.jar is for the launcher 'lockstep', use java -cp instead, see"
                        + " 'lockstep --help'",
                "train | missing RECIPE, usage: lockstep train [options] RECIPE, see 'lockstep train --help'",
                "export a.pt | missing --out, usage: lockstep export [options] --out FILE CHECKPOINT, see"
                        + " 'lockstep export --help'",
                "data | no command given, use list, fetch, order, inspect or pack, see 'lockstep data --help'"
            })
    void mistake_isNamedWithWhatWasMeant(String arguments, String message) {
        assertThat(CapturedRun.of(arguments.split(" ", -1)))
                .isEqualTo(new CapturedRun(2, "", "error: " + message + "\n"));
    }

    @Test
    void help_isACommandToo() {
        assertThat(CapturedRun.of("help", "data", "inspect"))
                .isEqualTo(CapturedRun.of("data", "inspect", "--help"))
                .satisfies(run -> assertThat(run.out()).startsWith("Usage: lockstep data inspect [options] RECIPE\n"));
        assertThat(CapturedRun.of("help")).isEqualTo(CapturedRun.of("--help"));
    }

    @Test
    void everydayOptions_comeFirst() {
        assertThat(CapturedRun.of("train", "--help").out())
                .containsSubsequence(
                        "RECIPE  ", "--data DIR", "--out DIR", "--procs P", "More options:", "--bucket-mb");
    }

    @Test
    void report_withoutAName_hasOne() {
        CommandLine line = new CommandLine(new ReportCommand());
        line.parseArgs("runs/one", "runs/two");
        Path out = line.getCommandSpec().findOption("--out").getValue();
        assertThat(out).isEqualTo(Path.of("report.html"));
    }

    static List<CommandSpec> commands() {
        List<CommandSpec> found = new ArrayList<>();
        collect(Commands.addTo(new CommandLine(new Main())), found);
        return found;
    }

    private static void collect(CommandLine line, List<CommandSpec> found) {
        found.add(line.getCommandSpec());
        line.getSubcommands().values().forEach(command -> collect(command, found));
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 80, 120})
    void help_fitsTheTerminal_andBreaksNoWordAndNoExample(int width) {
        assertThat(commands()).hasSizeGreaterThan(20).allSatisfy(spec -> {
            String text = HelpText.of(spec, width);
            List<String> examples = Stream.of(spec.usageMessage().footer())
                    .filter(line -> line.contains("lockstep "))
                    .toList();
            assertThat(text.lines())
                    .containsAll(examples.stream()
                            .filter(line -> !line.contains("'lockstep"))
                            .toList());
            assertThat(text.lines().filter(line -> !examples.contains(line)))
                    .allMatch(line -> line.length() <= width || line.strip().indexOf(' ') < 0, "fits")
                    .allMatch(line -> line.equals(line.stripTrailing()), "no blanks at the end");
            spec.options().stream()
                    .filter(option -> !option.hidden())
                    .forEach(option -> assertThat(text.replaceAll("\\s+", " "))
                            .contains(HelpText.name(option) + " " + HelpText.description(option)));
        });
    }

    @Test
    void manPage_hasEveryCommandAndOption() {
        String page = CapturedRun.of("completion", "--man").out();
        assertThat(page).startsWith(".TH LOCKSTEP 1 ");
        assertThat(commandsThatDoSomething()).allSatisfy(spec -> {
            assertThat(page).contains(".SS " + HelpText.synopsis(spec).replace("-", "\\-") + "\n");
            HelpText.everydayOptions(spec)
                    .forEach(option -> assertThat(page)
                            .contains(".B " + HelpText.name(option).replace("-", "\\-") + "\n"));
        });
        assertThat(page.lines().filter(line -> line.startsWith(".")))
                .allMatch(line -> line.matches("\\.(TH|SH|SS|TP|PP|B|nf|fi)( .*)?"));
    }

    static Stream<CommandSpec> commandsThatDoSomething() {
        return commands().stream().filter(spec -> spec.subcommands().isEmpty());
    }

    @ParameterizedTest
    @MethodSource("commandsThatDoSomething")
    void everyCommand_hasAnExample(CommandSpec spec) {
        assertThat(spec.usageMessage().footer())
                .anyMatch(line -> line.contains(spec.qualifiedName()) || line.contains("lockstep " + spec.name()));
    }
}
