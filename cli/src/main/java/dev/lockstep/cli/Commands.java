package dev.lockstep.cli;

import dev.lockstep.cli.command.BundleCommand;
import dev.lockstep.cli.command.CompletionCommand;
import dev.lockstep.cli.command.DataCommand;
import dev.lockstep.cli.command.DiffCommand;
import dev.lockstep.cli.command.DoctorCommand;
import dev.lockstep.cli.command.EvalCommand;
import dev.lockstep.cli.command.ExportCommand;
import dev.lockstep.cli.command.GpuSetupCommand;
import dev.lockstep.cli.command.InitCommand;
import dev.lockstep.cli.command.LaunchCommand;
import dev.lockstep.cli.command.ModelCommand;
import dev.lockstep.cli.command.PlanCommand;
import dev.lockstep.cli.command.PredictCommand;
import dev.lockstep.cli.command.ReportCommand;
import dev.lockstep.cli.command.RunsCommand;
import dev.lockstep.cli.command.StudyCommand;
import dev.lockstep.cli.command.TrainCommand;
import dev.lockstep.cli.command.TuneCommand;
import dev.lockstep.cli.command.VerifyCommand;
import dev.lockstep.cli.command.WatchCommand;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** All commands, in the order of the help. */
public final class Commands {
    private static final List<Class<?>> ALL = List.of(
            InitCommand.class,
            TrainCommand.class,
            LaunchCommand.class,
            PlanCommand.class,
            TuneCommand.class,
            StudyCommand.class,
            WatchCommand.class,
            RunsCommand.class,
            ReportCommand.class,
            DiffCommand.class,
            VerifyCommand.class,
            EvalCommand.class,
            PredictCommand.class,
            ExportCommand.class,
            ModelCommand.class,
            DataCommand.class,
            DoctorCommand.class,
            GpuSetupCommand.class,
            BundleCommand.class,
            CompletionCommand.class);

    private Commands() {}

    /**
     * Adds only the command that the arguments name: setting up all of them takes longer than a quick command
     * does. Adds all if none is named, as for {@code --help}.
     */
    public static CommandLine addTo(CommandLine line, String... arguments) {
        Optional<Class<?>> asked = Arrays.stream(arguments)
                .filter(argument -> !argument.startsWith("-"))
                .findFirst()
                .flatMap(name ->
                        ALL.stream().filter(type -> name(type).equals(name)).findFirst());
        asked.map(List::<Class<?>>of).orElse(ALL).forEach(line::addSubcommand);
        return line;
    }

    private static String name(Class<?> command) {
        return command.getAnnotation(Command.class).name();
    }
}
