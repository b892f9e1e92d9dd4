package dev.lockstep.launch;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** Another {@code lockstep} command in a JVM started as this one was: same Java, same options, same class path. */
public final class ChildJvm {
    private ChildJvm() {}

    /**
     * A process that ends when this one does, and does not move the cursor of its terminal.
     *
     * @param mainClass its main class, which calls {@link ParentWatch#startIfAsked()}
     */
    public static ProcessBuilder of(String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current()
                .info()
                .command()
                .orElseGet(() -> System.getProperty("java.home") + "/bin/java"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                // Two JVMs cannot listen on the same debugger port.
                .filter(option -> !option.startsWith("-agentlib:jdwp") && !option.startsWith("-Xrunjdwp"))
                .forEach(command::add);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(mainClass);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment()
                .put(ParentWatch.VARIABLE, Long.toString(ProcessHandle.current().pid()));
        builder.environment().put(Terminal.VARIABLE, "0");
        return builder;
    }
}
