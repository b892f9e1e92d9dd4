package dev.lockstep.cli.command;

import dev.lockstep.cli.Commands;
import dev.lockstep.cli.Main;
import dev.lockstep.cli.ManPage;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lockstep completion}: a script that makes the shell complete commands and options. */
@Command(
        name = "completion",
        description = {
            "Prints a script by which bash and zsh complete commands, options and files,",
            "or with --man the manual page."
        },
        footer = {
            "",
            "Examples, the first one in ~/.bashrc or ~/.zshrc:",
            "  source <(lockstep completion)",
            "  lockstep completion --man > ~/.local/share/man/man1/lockstep.1"
        })
public final class CompletionCommand implements Callable<Integer> {
    @Option(names = "--man", description = "Print the manual page, for 'man'.")
    private boolean man;

    @Override
    public Integer call() {
        CommandLine all = Commands.addTo(new CommandLine(new Main()));
        System.out.println(man ? ManPage.of(all) : AutoComplete.bash("lockstep", all));
        return 0;
    }
}
