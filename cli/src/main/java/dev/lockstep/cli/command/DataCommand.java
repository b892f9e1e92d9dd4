package dev.lockstep.cli.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lockstep data}: commands for datasets. */
@Command(
        name = "data",
        description = "Lists, fetches, inspects and packs datasets.",
        footer = {"", "Example: lockstep data fetch fashion-mnist"},
        subcommands = {
            DataListCommand.class,
            DataFetchCommand.class,
            DataOrderCommand.class,
            DataInspectCommand.class,
            DataPackCommand.class
        })
public final class DataCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given, use list, fetch, order, inspect or pack");
    }
}
