package dev.lockstep.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A manual page of all commands, for {@code man}: the text of their helps in roff. */
public final class ManPage {
    private final StringBuilder out = new StringBuilder();

    private ManPage() {}

    public static String of(CommandLine all) {
        ManPage page = new ManPage();
        page.write(all);
        return page.out.toString();
    }

    private void write(CommandLine all) {
        CommandSpec spec = all.getCommandSpec();
        String summary = text(spec.usageMessage().description());
        line(".TH LOCKSTEP 1 \"\" \"lockstep " + Version.NUMBER + "\"");
        line(".SH NAME");
        line("lockstep \\- " + summary);
        line(".SH SYNOPSIS");
        line(".B lockstep");
        line("COMMAND [options]");
        line(".SH COMMANDS");
        all.getSubcommands().values().forEach(command -> command(command.getCommandSpec()));
        line(".SH EXIT STATUS");
        line("0 success; 2 wrong usage or recipe; 3 data; 4 a process or the network; 5 diverged; 6 checkpoint;"
                + " 130, 143, 129 stopped by a signal after saving.");
    }

    private void command(CommandSpec spec) {
        if (!spec.subcommands().isEmpty()) {
            spec.subcommands().values().forEach(command -> command(command.getCommandSpec()));
            return;
        }
        line(".SS " + text(HelpText.synopsis(spec)));
        line(text(spec.usageMessage().description()));
        for (PositionalParamSpec positional : spec.positionalParameters()) {
            item(positional.paramLabel(), HelpText.description(positional));
        }
        for (OptionSpec option : HelpText.everydayOptions(spec)) {
            item(HelpText.name(option), HelpText.description(option));
        }
        for (OptionSpec option : HelpText.otherOptions(spec)) {
            if (!List.of("--help", "--version", "--debug", "--classpath").contains(option.longestName())) {
                item(HelpText.name(option), HelpText.description(option));
            }
        }
        line(".PP");
        line(".nf");
        for (String example : spec.usageMessage().footer()) {
            line(text(example));
        }
        line(".fi");
    }

    private void item(String name, String description) {
        line(".TP");
        line(".B " + text(name));
        line(text(description));
    }

    /** Without what roff would take for a request, a hyphen or an escape. */
    private static String text(String... words) {
        String joined = String.join(" ", words).replace("\\", "\\e").replace("-", "\\-");
        return joined.startsWith(".") || joined.startsWith("'") ? "\\&" + joined : joined;
    }

    private void line(String text) {
        out.append(text).append('\n');
    }
}
