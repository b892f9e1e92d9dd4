package dev.lockstep.cli;

import dev.lockstep.errors.Printable;
import dev.lockstep.errors.Spelling;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in a line. */
final class Mistakes {
    private Mistakes() {}

    /** Empty if the parser's own message says it well. */
    static Optional<String> of(ParameterException failure) {
        if (failure instanceof MissingParameterException missing) {
            return Optional.of(missing(missing));
        }
        if (!(failure instanceof UnmatchedArgumentException unmatched)
                || unmatched.getUnmatched().isEmpty()) {
            return Optional.empty();
        }
        String word = unmatched.getUnmatched().get(0);
        CommandSpec spec = failure.getCommandLine().getCommandSpec();
        boolean option = word.startsWith("-");
        if (!option && spec.subcommands().isEmpty()) {
            return Optional.empty();
        }
        String name = option ? word.replaceFirst("=.*", "") : word;
        Collection<String> known = option ? options(spec) : spec.subcommands().keySet();
        return Optional.of("unknown " + (option ? "option" : "command") + " '" + Printable.of(name, 100) + "', "
                + Spelling.suggestion(name, known));
    }

    private static String missing(MissingParameterException failure) {
        String names = failure.getMissing().stream()
                .map(argument -> argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel())
                .collect(Collectors.joining(", "));
        return "missing " + names + ", usage: "
                + HelpText.synopsis(failure.getCommandLine().getCommandSpec()) + ", ";
    }

    private static List<String> options(CommandSpec spec) {
        return spec.options().stream()
                .filter(option -> !option.hidden())
                .flatMap(option -> List.of(option.names()).stream())
                .toList();
    }
}
