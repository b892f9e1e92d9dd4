package dev.lockstep.cli;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** Another {@code lockstep} command in a JVM started as this one was: same Java, same options, same class path. */
final class ChildJvm {
    private ChildJvm() {}

    /** A process that ends when this one does, and that does not move the cursor of this one's terminal. */
    static ProcessBuilder of(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current()
                .info()
                .command()
                .orElseGet(() -> System.getProperty("java.home") + "/bin/java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(Main.class.getName());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment()
                .put(ParentWatch.VARIABLE, Long.toString(ProcessHandle.current().pid()));
        builder.environment().put(Terminal.VARIABLE, "0");
        return builder;
    }
}
