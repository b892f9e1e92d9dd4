package dev.lockstep.cli.command;

import dev.lockstep.cli.Commands;
import dev.lockstep.cli.Main;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code lockstep completion}: a script that makes the shell complete commands and options. */
@Command(
        name = "completion",
        description = "Prints a script by which bash and zsh complete commands, options and files.",
        footer = {"", "Example, in ~/.bashrc or ~/.zshrc:", "  source <(lockstep completion)"})
public final class CompletionCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        CommandLine all = Commands.addTo(new CommandLine(new Main()));
        System.out.println(AutoComplete.bash("lockstep", all));
        return 0;
    }
}
