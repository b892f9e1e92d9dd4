package dev.lockstep.cli;

import dev.lockstep.cli.terminal.Wrapping;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The help of a command, for a terminal of some width: no word is broken, and no line of an example, which is there to be
 * pasted. Options with an {@code order} are everyday ones and come first.
 */
final class HelpText {
    /** A narrower text would be a column of single words. */
    private static final int NARROWEST = 40;
    /** Longer lines are hard to read. */
    private static final int WIDEST = 110;

    private static final int WIDEST_NAME = 26;
    /** So many can be read as one list. */
    private static final int FEW_OPTIONS = 12;

    private static final String INDENT = "  ";

    private final StringBuilder out = new StringBuilder();
    private final CommandSpec spec;
    private final int width;
    /** The width of the left column. */
    private int column;

    private HelpText(CommandSpec spec, int columns) {
        this.spec = spec;
        this.width = Math.max(NARROWEST, Math.min(WIDEST, columns));
    }

    /** Makes a command and those below it print this help. */
    static void install(CommandLine line, IntSupplier columns) {
        line.getCommandSpec().usageMessage().sectionKeys(List.of("all"));
        line.getCommandSpec()
                .usageMessage()
                .sectionMap()
                .put("all", help -> of(help.commandSpec(), columns.getAsInt()));
        line.getSubcommands().values().forEach(command -> install(command, columns));
    }

    static String of(CommandSpec spec, int columns) {
        HelpText text = new HelpText(spec, columns);
        text.write();
        return text.out.toString();
    }

    private void write() {
        wrapped("Usage: " + synopsis(spec), INDENT);
        paragraph(spec.usageMessage().description());
        commands();
        List<OptionSpec> everyday = everydayOptions(spec);
        List<OptionSpec> others = otherOptions(spec);
        Map<String, String> first = new LinkedHashMap<>();
        for (PositionalParamSpec positional : spec.positionalParameters()) {
            first.put(positional.paramLabel(), description(positional));
        }
        everyday.forEach(option -> first.put(name(option), description(option)));
        Map<String, String> more = new LinkedHashMap<>();
        others.forEach(option -> more.put(name(option), description(option)));
        column = Stream.concat(first.keySet().stream(), more.keySet().stream())
                .mapToInt(String::length)
                .filter(length -> length <= Math.min(WIDEST_NAME, width / 3))
                .max()
                .orElse(0);
        boolean many = everyday.size() + others.size() > FEW_OPTIONS;
        rows("", first);
        rows(!spec.subcommands().isEmpty() ? "Options:" : many && !everyday.isEmpty() ? "More options:" : "", more);
        footer();
    }

    /** {@code lockstep export [options] --out FILE CHECKPOINT}. */
    static String synopsis(CommandSpec spec) {
        StringBuilder text = new StringBuilder(spec.qualifiedName());
        if (!spec.subcommands().isEmpty()) {
            return text.append(" COMMAND").toString();
        }
        text.append(" [options]");
        spec.options().stream()
                .filter(option -> option.required() && option.group() == null)
                .forEach(option -> text.append(' ').append(name(option)));
        for (PositionalParamSpec positional : spec.positionalParameters()) {
            String label = positional.paramLabel() + (positional.arity().max() > 1 ? "..." : "");
            text.append(' ').append(positional.arity().min() > 0 ? label : "[" + label + "]");
        }
        return text.toString();
    }

    static List<OptionSpec> everydayOptions(CommandSpec spec) {
        return spec.options().stream()
                .filter(option -> !option.hidden() && option.order() >= 0)
                .sorted(Comparator.comparingInt(OptionSpec::order))
                .toList();
    }

    static List<OptionSpec> otherOptions(CommandSpec spec) {
        return spec.options().stream()
                .filter(option -> !option.hidden() && option.order() < 0)
                .toList();
    }

    /** {@code -o, --out FILE}. */
    static String name(OptionSpec option) {
        String names = Stream.of(option.names())
                .sorted(Comparator.comparingInt(String::length))
                .collect(Collectors.joining(", "));
        return option.arity().max() == 0 ? names : names + " " + option.paramLabel();
    }

    static String description(ArgSpec argument) {
        return String.join(" ", argument.description()).replace("%n", " ").replace("%%", "%");
    }

    private void commands() {
        Map<String, String> rows = new LinkedHashMap<>();
        spec.subcommands()
                .forEach((name, command) -> rows.put(
                        name,
                        command.getCommandSpec().usageMessage().description()[0].replaceFirst(":$", ".")));
        column = rows.keySet().stream().mapToInt(String::length).max().orElse(0);
        rows("Commands:", rows);
    }

    private void footer() {
        List<String> lines = Arrays.asList(spec.usageMessage().footer());
        for (String line : lines) {
            if (line.isEmpty() || line.contains("lockstep ") && !line.contains("'lockstep")) {
                out.append(line).append('\n');
            } else {
                wrapped(line, "");
            }
        }
    }

    private void paragraph(String... lines) {
        wrapped(String.join(" ", lines), "");
        if (spec.subcommands().isEmpty()) {
            out.append('\n');
        }
    }

    private void rows(String title, Map<String, String> rows) {
        if (rows.isEmpty()) {
            return;
        }
        if (!title.isEmpty()) {
            out.append('\n').append(title).append('\n');
        }
        String indent = INDENT + " ".repeat(column + 2);
        rows.forEach((name, text) -> {
            if (name.length() <= column) {
                wrapped(INDENT + name + " ".repeat(column - name.length() + 2) + text, indent);
            } else {
                out.append(INDENT).append(name).append('\n');
                wrapped(indent + text, indent);
            }
        });
    }

    private void wrapped(String text, String indent) {
        out.append(Wrapping.wrap(text, width, indent)).append('\n');
    }
}
